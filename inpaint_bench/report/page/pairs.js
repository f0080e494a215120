// Every pair as a row of small images. Rows are created as they scroll near, so thousands of pairs stay fast.
"use strict";

const Pairs = (() => {
  const CHUNK = 20;
  let observer = null;

  // `returning` is the pair that the reader returns from; the list scrolls to it.
  function draw(main, query, returning) {
    const selection = Order.read(query);
    const list = make("div", { class: "rows", id: "rows" });
    const count = make("p", { class: "meta", id: "count", "aria-live": "polite" });
    main.append(make("h1", {}, "Pairs"), toolbar(selection, () => fill(list, count, selection)), count, list);
    fill(list, count, selection, returning);
    if (returning) list.querySelector(`[data-pair="${CSS.escape(returning)}"]`)?.scrollIntoView({ block: "center" });
  }

  function toolbar(selection, changed) {
    const go = (changes) => location.replace(`#/pairs?${Order.write({ ...selection, ...changes })}`);
    const buckets = R.buckets.map((bucket) => [bucket.name, `${bucket.title} (${bucket.n})`]);
    const methods = methodNames.filter((name) => R.scores[selection.metric]?.[name]).map((name) => [name, name]);
    const fields = [
      find(selection, changed),
      choice("bucket", "Mask ratio", buckets, selection.bucket, (bucket) => go({ bucket })),
      choice("by", "Sort by", Order.ORDERS, selection.by, (by) => go({ by, first: "" })),
    ];
    if (selection.by === "score" || selection.by === "disagreement") {
      const metrics = pairMetrics.map((metric) => [metric, metricTitle(metric)]);
      fields.push(choice("metric", "Metric", metrics, selection.metric, (metric) => go({ metric })));
      fields.push(choice("a", "Method", methods, selection.a, (a) => go({ a })));
    }
    if (selection.by === "disagreement") {
      const others = methods.filter(([name]) => name !== selection.a);
      fields.push(choice("b", "And", others, selection.b, (b) => go({ b })));
    }
    fields.push(choice("first", "Order", Order.directions(selection.by), selection.first, (first) => go({ first })));
    return make("form", { class: "toolbar", onsubmit: (event) => event.preventDefault() }, ...fields);
  }

  // Typing updates the list and the address, but does not draw a new view, so that the field keeps the focus.
  function find(selection, changed) {
    const typed = (event) => {
      selection.find = event.target.value;
      history.replaceState(null, "", `#/pairs?${Order.write(selection)}`);
      changed();
    };
    const entered = (event) => {
      if (event.key === "Enter") document.querySelector("#rows article a")?.click();
    };
    const box = { type: "search", id: "find", placeholder: "pair, image or mask", value: selection.find, autocomplete: "off" };
    const input = make("input", { ...box, oninput: typed, onkeydown: entered });
    return make("label", { class: "field grow" }, make("span", {}, "Find ", make("kbd", {}, "/")), input);
  }

  function fill(list, count, selection, returning) {
    const numbers = Order.apply(selection);
    observer?.disconnect();
    list.replaceChildren();
    count.textContent = numbers.length === R.pairs.length ? `${numbers.length} pairs` : `${numbers.length} of ${R.pairs.length} pairs`;
    if (!numbers.length) list.append(make("p", { class: "empty" }, "No pair matches. Choose another mask ratio or search text."));
    let drawn = 0;
    const end = make("div", { class: "end" });
    const more = () => {
      const some = numbers.slice(drawn, drawn + CHUNK);
      drawn += some.length;
      end.before(...some.map((number) => row(selection, number)));
      if (drawn >= numbers.length) observer.disconnect();
    };
    list.append(end);
    observer = new IntersectionObserver((seen) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      more();
      observer.unobserve(end); // observed again, in case the chunk did not fill the window
      if (drawn < numbers.length) observer.observe(end);
    }, { rootMargin: "800px" });
    if (numbers.length) {
      do more();
      while (drawn <= numbers.indexOf(pairIndex.get(returning)));
      if (drawn < numbers.length) observer.observe(end);
    }
  }

  function row(selection, number) {
    const pair = R.pairs[number];
    const link = `#/pair/${pair.pair}?${Order.write(selection)}`;
    const facts = [`hole ${percent(pair.ratio)}`, bucketTitle(pair.bucket)];
    if (selection.by === "disagreement") {
      const apart = Order.key(selection, number);
      const text = Number.isNaN(apart) ? "–" : Number.isFinite(apart) ? printed(selection.metric, apart) : "inf";
      facts.push(`${selection.metric} ${text} apart`);
    }
    const head = make(
      "header", {},
      make("a", { href: link }, pair.pair), " ",
      make("span", { class: "image", title: pair.image }, pair.image),
      make("span", { class: "meta" }, facts.join(" · ")),
    );
    const strip = [small("target", [picture(targetUrl(pair), "target", pair)], null, link)];
    strip.push(small("masked", [picture(targetUrl(pair), "masked target", pair), hole(pair)], null, link));
    for (const method of methodNames) {
      const value = score(selection.metric, method, number);
      const ordered = (selection.by === "score" && method === selection.a) ||
        (selection.by === "disagreement" && [selection.a, selection.b].includes(method));
      const shown = value === undefined ? null : printed(selection.metric, value);
      strip.push(small(method, [picture(compositeUrl(method, pair), method, pair)], shown, link, ordered));
    }
    return make("article", { "data-pair": pair.pair }, head, make("div", { class: "strip", style: `--count: ${strip.length}` }, ...strip));
  }

  const hole = (pair) => picture(holeUrl(pair), "", pair, { class: "hole" });

  function small(title, pictures, value, link, ordered = false) {
    const shown = value === null ? [] : [make("span", { class: "value" }, value)];
    const caption = make("figcaption", {}, make("span", { class: "title", title }, title), ...shown);
    const frame = make("a", { href: link, class: "thumb", tabindex: "-1", "aria-hidden": "true" }, ...pictures);
    return make("figure", { class: ordered ? "ordered" : null }, frame, caption);
  }

  return { draw };
})();
