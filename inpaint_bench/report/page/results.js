// The first view: the tables of a bucket, and the plots.
"use strict";

const Results = (() => {
  const KINDS = [
    ["ratio", "Score against mask ratio", "Means over the pairs of each tenth of the mask ratio, at their mean ratio, with 95% intervals."],
    ["time", "Quality against time", "Over all pairs, with 95% intervals."],
    ["best-of-k", "Best of k samples", "The score of the best of k samples, over all pairs; k = 1 is the mean over samples."],
    ["n", "Fréchet distance against n", "Means over subsets of n images. The distance grows as n falls, also between real images, so compare equal n only. The last point is the value in the table, with its interval."],
    ["metrics", "Which metrics say the same", "How far metrics agree on what is better: +1 of a rank correlation, and 1 of a share of votes, is complete agreement."],
  ];
  const sorted = {}; // by group, kept when the bucket changes
  let intervals = false;
  const shown = {}; // the metric, by kind of plot

  function draw(main, query) {
    const bucket = R.buckets.find((one) => one.name === query.get("bucket")) ?? R.buckets[0];
    main.append(intro(), controls(bucket, query));
    const groups = R.groups.map((group) => [group, table(group, bucket)]);
    main.append(...groups.filter(([group]) => group.main).map(([, drawn]) => drawn));
    const others = groups.filter(([group]) => !group.main).map(([, drawn]) => drawn);
    if (others.length) {
      main.append(make("details", {}, make("summary", {}, "Other reductions of samples"), ...others));
    }
    const notes = make("ul", { class: "notes" }, ...R.notes.map((note) => make("li", {}, note)));
    main.append(notes, make("details", {}, make("summary", {}, "Signatures"), Provenance.signatures()), plots());
    main.classList.toggle("with-intervals", intervals);
  }

  function intro() {
    const facts = R.protocol.facts;
    const counts = [`${facts.pairs} pairs`, `${R.methods.length} method${R.methods.length === 1 ? "" : "s"}`];
    if (facts.part) counts.push(`only the ${facts.part} pairs`);
    const line = make("p", { class: "lead" }, R.protocol.title);
    const mark = make("p", { class: "meta" }, `${counts.join(" · ")} · fingerprint `, make("code", {}, facts.fingerprint));
    return make("header", { class: "intro" }, make("h1", {}, R.protocol.name), line, mark);
  }

  function controls(bucket, query) {
    const tabs = R.buckets.map((one) => {
      const target = new URLSearchParams(query);
      target.set("bucket", one.name);
      const here = one === bucket ? "true" : null;
      const count = make("small", {}, ` n = ${one.n}`);
      return make("a", { href: `#/results?${target}`, "aria-current": here }, one.title, count);
    });
    const box = make("input", { type: "checkbox", id: "intervals", checked: intervals, onchange: toggle });
    const label = make("label", { class: "check" }, box, " 95% intervals");
    const of = make("nav", { class: "tabs", "aria-label": "Mask ratio" }, ...tabs);
    return make("div", { class: "controls" }, of, label);
  }

  function toggle(event) {
    intervals = event.target.checked;
    document.getElementById("main").classList.toggle("with-intervals", intervals);
  }

  function table(group, bucket) {
    const columns = group.columns.map((column) => ({
      title: column.label,
      note: column.signature,
      better: R.metrics[column.metric].better,
    }));
    const rows = group.rows.map((row) => ({
      name: row.method,
      reference: row.reference,
      number: row.reference ? undefined : methodNames.indexOf(row.method),
      cells: columns.map((_, number) => row.cells[bucket.name]?.[number] ?? null),
    }));
    sorted[group.title] ??= { column: -1, down: false };
    const caption = R.groups.length > 1 ? group.title : "";
    return Tables.sortable(columns, rows, caption, sorted[group.title]);
  }

  // --- plots --------------------------------------------------------------------------------------

  function plots() {
    const kinds = KINDS.filter(([kind]) => R.plots.some((plot) => plot.kind === kind));
    const figures = kinds.map(([kind, title, note]) => plotOf(kind, title, note));
    return make("section", { class: "plots", "aria-label": "Plots" }, ...figures);
  }

  function plotOf(kind, title, note) {
    const drawn = R.plots.filter((plot) => plot.kind === kind);
    shown[kind] ??= (drawn.find((plot) => plot.metric === R.protocol.choose) ?? drawn[0]).metric;
    const holder = make("div", { class: "plot" });
    const caption = make("p");
    function show(metric) {
      shown[kind] = metric;
      const plot = drawn.find((one) => one.metric === metric);
      const image = (source, theme) =>
        make("img", { loading: "lazy", alt: `${title}: ${metric}`, class: `for-${theme}`, src: source });
      holder.replaceChildren(image(plot.light, "light"), image(plot.dark, "dark"));
      const link = make("a", { href: plot.light }, "SVG");
      caption.replaceChildren([note, ...plot.notes.map((one) => `${one}.`)].join(" "), " ", link);
    }
    const metrics = drawn.map((plot) => [plot.metric, plot.title || metricTitle(plot.metric)]);
    const select = drawn.length > 1 ? [choice(`plot-${kind}`, "Metric", metrics, shown[kind], show)] : [];
    show(shown[kind]);
    const head = make("div", { class: "head" }, make("h2", {}, title), ...select);
    return make("figure", { id: `figure-${kind}` }, head, holder, make("figcaption", {}, caption));
  }

  return { draw };
})();
