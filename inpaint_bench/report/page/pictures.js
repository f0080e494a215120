// The images of a pair in frames, which can show the difference from the target, and the hole.
"use strict";

const Pictures = (() => {
  // The images of a pair: the target, the masked target, and the composite of every method.
  function views(pair) {
    const found = [
      { key: "target", title: "target", source: targetUrl(pair) },
      { key: "masked", title: "masked", source: targetUrl(pair), masked: true },
    ];
    for (const method of methodNames) {
      const sample = chosenSample(method, pair);
      const title = sample === null ? method : `${method}, sample ${sample}`;
      found.push({ key: `method:${method}`, method, title, source: compositeUrl(method, pair), composite: true });
    }
    return found;
  }

  function samplesOf(method, pair) {
    return Array.from({ length: R.samples[method] }, (_, sample) => ({
      key: `sample:${method}:${sample}`,
      title: `sample ${sample}`,
      source: compositeUrl(method, pair, sample),
      chosen: sample === chosenSample(method, pair),
      sample,
      composite: true,
    }));
  }

  // The layers of an image, which zoom together. Blending shows differences without reading pixels.
  function stack(view, pair) {
    const layers = [picture(view.source, view.title, pair, { class: "shown" })];
    if (view.composite) layers.unshift(picture(targetUrl(pair), "", pair, { class: "beneath" }));
    layers.push(picture(holeUrl(pair), "", pair, { class: view.masked ? "hole" : "hole overlay" }));
    return make("div", { class: view.composite ? "stack composite" : "stack" }, ...layers);
  }

  function card(view, pair, lines) {
    const frame = make("div", { class: "frame", style: `aspect-ratio: ${pair.width} / ${pair.height}` }, stack(view, pair));
    const caption = make("figcaption", {}, make("span", { class: "title" }, view.title), ...lines);
    return make("figure", { class: view.chosen ? "card chosen" : "card", "data-view": view.key }, frame, caption);
  }

  // Two images in one frame with a divider that can be moved.
  const compared = { left: "target", right: "", split: 50 };

  function slider(all, pair) {
    const known = all.map((view) => view.key);
    if (!known.includes(compared.left)) compared.left = "target";
    if (!known.includes(compared.right)) compared.right = known[2];
    const frame = make("div", { class: "frame", style: `aspect-ratio: ${pair.width} / ${pair.height}` });
    const range = make("input", { type: "range", min: 0, max: 100, step: 0.5, value: compared.split, id: "split", "aria-label": "Position of the divider" });
    const set = (split) => {
      compared.split = Math.min(100, Math.max(0, split));
      range.value = compared.split;
      frame.style.setProperty("--split", `${compared.split}%`);
    };
    const fill = () => {
      const side = (key, name) => make("div", { class: `side ${name}` }, stack(all.find((view) => view.key === key), pair));
      frame.replaceChildren(side(compared.right, "right"), side(compared.left, "left"), divider(frame, set));
    };
    range.addEventListener("input", () => set(Number(range.value)));
    const options = all.map((view) => [view.key, view.title]);
    const pick = (name, title) => choice(name, title, options, compared[name], (key) => { compared[name] = key; fill(); });
    fill();
    set(compared.split);
    const picks = make("div", { class: "picks" }, pick("left", "Left"), pick("right", "Right"));
    return make("figure", { class: "slider" }, picks, frame, range);
  }

  function divider(frame, set) {
    const line = make("div", { class: "divider", "aria-hidden": "true" });
    line.addEventListener("pointerdown", (event) => line.setPointerCapture(event.pointerId));
    line.addEventListener("pointermove", (event) => {
      if (!line.hasPointerCapture(event.pointerId)) return;
      const box = frame.getBoundingClientRect();
      set((100 * (event.clientX - box.left)) / box.width);
    });
    return line;
  }

  return { views, samplesOf, card, slider };
})();
