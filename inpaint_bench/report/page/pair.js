// One pair: all its pictures, zoomed together, a slider, the samples and every score.
"use strict";

const PairView = (() => {
  const GAINS = [["1", "×1"], ["4", "×4"], ["10", "×10"]];
  const options = { difference: false, hole: false, gain: "4" };
  const sorted = { column: -1, down: false };
  let ends = { before: null, after: null, list: "#/pairs" };

  function draw(main, name, query) {
    const pair = R.pairs[place.get(name)];
    if (!pair) {
      const known = `${R.pairs[0].pair} to ${R.pairs[R.pairs.length - 1].pair}`;
      main.append(make("h1", {}, "No such pair"), make("p", {}, `No pair is called ${name}. Pairs here: ${known}.`));
      return;
    }
    const requested = Order.read(query);
    const holder = make("div", { class: "pair" });
    const zoom = make("output", { class: "scale", id: "scale" });
    const views = Pictures.views(pair);
    main.append(header(pair, requested), tools(holder, zoom), holder);
    const grid = make("div", { class: "grid" }, ...views.map((view) => Pictures.card(view, pair, scoreOf(view, pair, requested))));
    holder.append(make("div", { class: "side-by-side" }, Pictures.slider(views, pair), grid), ...samples(pair, requested));
    main.append(scores(pair));
    Zoom.link(holder, zoom);
    apply(holder);
  }

  function header(pair, requested) {
    const numbers = Order.apply(requested);
    const here = numbers.indexOf(place.get(pair.pair));
    const query = Order.write(requested);
    const link = (step) => {
      const other = here < 0 ? undefined : numbers[here + step];
      return other === undefined ? null : `#/pair/${R.pairs[other].pair}?${query}`;
    };
    ends = { before: link(-1), after: link(1), list: `#/pairs?${query}` };
    const step = (href, id, text, title) =>
      href ? make("a", { href, id, class: "step", title, "aria-label": title }, text) : make("span", { class: "step off" }, text);
    const where = here < 0 ? "not among the pairs of this view" : `${here + 1} of ${numbers.length}`;
    const facts = `${pair.image} · mask ${pair.mask} · hole ${percent(pair.ratio)} · ${bucketTitle(pair.bucket)}`;
    return make(
      "header", { class: "pair-head" },
      make("div", { class: "steps" },
        step(ends.before, "before", "←", "The pair before (←)"),
        make("h1", {}, pair.pair),
        step(ends.after, "after", "→", "The next pair (→)"),
        make("a", { href: ends.list, class: "where", id: "list" }, where)),
      make("p", { class: "meta" }, facts),
    );
  }

  function tools(holder, zoom) {
    const button = (id, text, title, onclick) => make("button", { type: "button", id, title, onclick }, text);
    const toggle = (id, text, title) => {
      const change = () => { look[id] = !look[id]; apply(holder); };
      return make("button", { type: "button", id, title, "aria-pressed": "false", onclick: change }, text);
    };
    const gain = choice("gain", "", GAINS, options.gain, (value) => { options.gain = value; apply(holder); });
    gain.title = "How much differences are brightened";
    return make(
      "div", { class: "tools-of-pair" },
      make("span", { class: "group" },
        button("smaller", "−", "Smaller (−)", Zoom.smaller), zoom,
        button("larger", "+", "Larger (+); or click on a picture", Zoom.larger),
        button("reset", "Whole", "The whole picture (0)", Zoom.reset)),
      make("span", { class: "group" },
        toggle("difference", "Difference", "What differs from the target (d)"), gain),
      make("span", { class: "group" }, toggle("hole", "Hole", "Lay the hole over the pictures (h)")),
    );
  }

  function apply(holder) {
    for (const name of ["difference", "hole"]) {
      holder.classList.toggle(`with-${name}`, look[name]);
      document.getElementById(name).setAttribute("aria-pressed", String(look[name]));
    }
    holder.style.setProperty("--gain", options.gain);
  }

  function scoreOf(view, pair, requested) {
    if (!view.method) return [];
    const value = score(requested.metric, view.method, place.get(pair.pair));
    return value === undefined ? [] : [line(requested.metric, value)];
  }

  function line(metric, value) {
    return make("span", { class: "value", title: metricTitle(metric) }, `${printed(metric, value)} `, make("small", {}, metric));
  }

  function samples(pair, requested) {
    return methodNames.filter((method) => R.samples[method]).map((method) => {
      const found = R.samples[method].scores;
      const number = place.get(pair.pair);
      const cards = Pictures.samplesOf(method, pair).map((view) => {
        const lines = found[requested.metric] ? [line(requested.metric, found[requested.metric][number][view.sample])] : [];
        if (view.chosen) lines.push(make("span", { class: "tag" }, "chosen"));
        return Pictures.card(view, pair, lines);
      });
      const title = make("h2", {}, `Samples of ${method}`);
      const message = make("p", { class: "meta" }, `The one with the best ${R.protocol.choose} is the one that counts.`);
      return make("section", { class: "samples" }, title, message, make("div", { class: "grid" }, ...cards));
    });
  }

  function scores(pair) {
    const number = place.get(pair.pair);
    const columns = pairMetrics.map((metric) => ({ title: `${metric} ${arrow(metric)}`, better: R.metrics[metric].better }));
    const rows = methodNames.map((name, position) => ({
      name,
      place: position,
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
    ArrowLeft: () => go(ends.before),
    ArrowRight: () => go(ends.after),
    Escape: () => go(ends.list),
    d: () => press("difference"),
    h: () => press("hole"),
    "+": Zoom.larger,
    "=": Zoom.larger,
    "-": Zoom.smaller,
    0: Zoom.reset,
  };

  return { draw, KEYS };
})();
