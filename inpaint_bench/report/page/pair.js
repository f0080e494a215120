// One pair: all its images with a shared zoom, a slider, the samples and every score.
"use strict";

const PairView = (() => {
  const GAINS = [["1", "×1"], ["4", "×4"], ["10", "×10"]];
  const display = { difference: false, hole: false, gain: "4" };
  const sorted = { column: -1, down: false };
  let links = { before: null, after: null, list: "#/pairs" };

  // What the view of a pair needs before it is drawn: the pair, and the order in which it is one of several.
  async function load(name, query) {
    const selection = Order.read(query);
    const [all, numbers] = [await Load.all(), await Order.apply(selection)];
    const number = Load.numberOf(name);
    const known = `${all.pair[0]} to ${all.pair[all.pair.length - 1]}`;
    const here = numbers.indexOf(number);
    const beside = [-1, 1].map((step) => (here < 0 ? undefined : all.pair[numbers[here + step]]));
    return { name, known, selection, beside, here, count: numbers.length, pair: number === undefined ? null : await Load.pair(number) };
  }

  function draw(main, loaded) {
    const { name, known, selection, pair } = loaded;
    if (!pair) {
      main.append(make("h1", {}, "No such pair"), make("p", {}, `No pair is called ${name}. Pairs here: ${known}.`));
      return;
    }
    const holder = make("div", { class: "pair" });
    const zoom = make("output", { class: "scale", id: "scale" });
    const views = Pictures.views(pair);
    main.append(header(loaded), tools(holder, zoom), holder);
    const grid = make("div", { class: "grid" }, ...views.map((view) => Pictures.card(view, pair, scoreOf(view, pair, selection))));
    holder.append(make("div", { class: "side-by-side" }, Pictures.slider(views, pair), grid), ...samples(pair, selection));
    main.append(scores(pair));
    Zoom.link(holder, zoom);
    apply(holder);
  }

  function header({ pair, selection, beside, here, count }) {
    const query = Order.write(selection);
    const [before, after] = beside.map((name) => (name === undefined ? null : `#/pair/${name}?${query}`));
    links = { before, after, list: `#/pairs?${query}` };
    const step = (href, id, text, title) =>
      href ? make("a", { href, id, class: "step", title, "aria-label": title }, text) : make("span", { class: "step off" }, text);
    const where = here < 0 ? "not in the current selection" : `${here + 1} of ${count}`;
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
    const value = score(selection.metric, view.method, pair);
    return value === undefined ? [] : [line(selection.metric, value)];
  }

  function line(metric, value) {
    return make("span", { class: "value", title: metricTitle(metric) }, `${printed(metric, value)} `, make("small", {}, metric));
  }

  function samples(pair, selection) {
    return methodNames.filter((method) => R.samples[method]).map((method) => {
      const found = pair.page.samples[method].scores;
      const cards = Pictures.samplesOf(method, pair).map((view) => {
        const lines = found[selection.metric] ? [line(selection.metric, found[selection.metric][pair.at][view.sample])] : [];
        if (view.chosen) lines.push(make("span", { class: "tag" }, "chosen"));
        return Pictures.card(view, pair, lines);
      });
      const title = make("h2", {}, `Samples of ${method}`);
      const note = make("p", { class: "meta" }, `The sample with the best ${R.protocol.choose} is the chosen one.`);
      return make("section", { class: "samples" }, title, note, make("div", { class: "grid" }, ...cards));
    });
  }

  function scores(pair) {
    const columns = pairMetrics.map((metric) => ({ title: `${metric} ${arrow(metric)}`, better: R.metrics[metric].better }));
    const rows = methodNames.map((name, position) => ({
      name,
      number: position,
      cells: pairMetrics.map((metric) => {
        const value = score(metric, name, pair);
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

  return { load, draw, KEYS };
})();
