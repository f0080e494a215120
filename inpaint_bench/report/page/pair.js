// One pair: all its images with a shared zoom, a slider, the samples and every score.
"use strict";

const PairView = (() => {
  const GAINS = [["1", "×1"], ["4", "×4"], ["10", "×10"]];
  const display = { difference: false, hole: false, gain: "4" };
  const sorted = { column: -1, down: false };
  let links = { before: null, after: null, list: "#/pairs" };

  function draw(main, name, query) {
    const pair = R.pairs[pairIndex.get(name)];
    if (!pair) {
      const known = `${R.pairs[0].pair} to ${R.pairs[R.pairs.length - 1].pair}`;
      main.append(make("h1", {}, "No such pair"), make("p", {}, `No pair is called ${name}. Pairs here: ${known}.`));
      return;
    }
    const selection = Order.read(query);
    const holder = make("div", { class: "pair" });
    const zoom = make("output", { class: "scale", id: "scale" });
    const views = Pictures.views(pair);
    main.append(header(pair, selection), tools(holder, zoom), holder);
    const grid = make("div", { class: "grid" }, ...views.map((view) => Pictures.card(view, pair, scoreOf(view, pair, selection))));
    holder.append(make("div", { class: "side-by-side" }, Pictures.slider(views, pair), grid), ...samples(pair, selection));
    main.append(scores(pair));
    Zoom.link(holder, zoom);
    apply(holder);
  }

  function header(pair, selection) {
    const numbers = Order.apply(selection);
    const here = numbers.indexOf(pairIndex.get(pair.pair));
    const query = Order.write(selection);
    const link = (step) => {
      const other = here < 0 ? undefined : numbers[here + step];
      return other === undefined ? null : `#/pair/${R.pairs[other].pair}?${query}`;
    };
    links = { before: link(-1), after: link(1), list: `#/pairs?${query}` };
    const step = (href, id, text, title) =>
      href ? make("a", { href, id, class: "step", title, "aria-label": title }, text) : make("span", { class: "step off" }, text);
    const where = here < 0 ? "not in the current selection" : `${here + 1} of ${numbers.length}`;
    const facts = `${pair.image} · mask ${pair.mask} · hole ${percent(pair.ratio)} · ${bucketTitle(pair.bucket)}`;
    return make(
      "header", { class: "pair-head" },
      make("div", { class: "steps" },
        step(links.before, "before", "←", "Previous pair (←)"),
        make("h1", {}, pair.pair),
        step(links.after, "after", "→", "Next pair (→)"),
        make("a", { href: links.list, class: "where", id: "list" }, where)),
      make("p", { class: "meta" }, facts),
    );
  }

  function tools(holder, zoom) {
    const button = (id, text, title, onclick) => make("button", { type: "button", id, title, onclick }, text);
    const toggle = (id, text, title) => {
      const change = () => { display[id] = !display[id]; apply(holder); };
      return make("button", { type: "button", id, title, "aria-pressed": "false", onclick: change }, text);
    };
    const gain = choice("gain", "", GAINS, display.gain, (value) => { display.gain = value; apply(holder); });
    gain.title = "Brightness of differences";
    return make(
      "div", { class: "tools-of-pair" },
      make("span", { class: "group" },
        button("smaller", "−", "Zoom out (−)", Zoom.smaller), zoom,
        button("larger", "+", "Zoom in (+), or click on an image", Zoom.larger),
        button("reset", "Reset", "Reset zoom (0)", Zoom.reset)),
      make("span", { class: "group" },
        toggle("difference", "Difference", "Difference from the target (d)"), gain),
      make("span", { class: "group" }, toggle("hole", "Hole", "Show the hole on the images (h)")),
    );
  }

  function apply(holder) {
    for (const name of ["difference", "hole"]) {
      holder.classList.toggle(`with-${name}`, display[name]);
      document.getElementById(name).setAttribute("aria-pressed", String(display[name]));
    }
    holder.style.setProperty("--gain", display.gain);
  }

  function scoreOf(view, pair, selection) {
    if (!view.method) return [];
    const value = score(selection.metric, view.method, pairIndex.get(pair.pair));
    return value === undefined ? [] : [line(selection.metric, value)];
  }

  function line(metric, value) {
    return make("span", { class: "value", title: metricTitle(metric) }, `${printed(metric, value)} `, make("small", {}, metric));
  }

  function samples(pair, selection) {
    return methodNames.filter((method) => R.samples[method]).map((method) => {
      const found = R.samples[method].scores;
      const number = pairIndex.get(pair.pair);
      const cards = Pictures.samplesOf(method, pair).map((view) => {
        const lines = found[selection.metric] ? [line(selection.metric, found[selection.metric][number][view.sample])] : [];
        if (view.chosen) lines.push(make("span", { class: "tag" }, "chosen"));
        return Pictures.card(view, pair, lines);
      });
      const title = make("h2", {}, `Samples of ${method}`);
      const note = make("p", { class: "meta" }, `The sample with the best ${R.protocol.choose} is the chosen one.`);
      return make("section", { class: "samples" }, title, note, make("div", { class: "grid" }, ...cards));
    });
  }

  function scores(pair) {
    const number = pairIndex.get(pair.pair);
    const columns = pairMetrics.map((metric) => ({ title: `${metric} ${arrow(metric)}`, better: R.metrics[metric].better }));
    const rows = methodNames.map((name, position) => ({
      name,
      number: position,
      cells: pairMetrics.map((metric) => {
        const value = score(metric, name, number);
        return { text: printed(metric, value), value: value ?? null };
      }),
    }));
    return make("section", {}, make("h2", {}, "Scores of this pair"), Tables.sortable(columns, rows, "", sorted));
  }

  const press = (id) => document.getElementById(id)?.click();
  const go = (href) => { if (href) location.hash = href; };

  const KEYS = {
    ArrowLeft: () => go(links.before),
    ArrowRight: () => go(links.after),
    Escape: () => go(links.list),
    d: () => press("difference"),
    h: () => press("hole"),
    "+": Zoom.larger,
    "=": Zoom.larger,
    "-": Zoom.smaller,
    0: Zoom.reset,
  };

  return { draw, KEYS };
})();
