// Every pair as a row of small images. A list holds some hundreds of pairs, and links to the next ones; rows are created as
// they scroll near, with the data of their pairs. So a report of any length stays fast.
"use strict";

const Pairs = (() => {
  const CHUNK = 20;
  let observer = null;
  let latest = 0; // of the fillings of the list
  let filled = Promise.resolve(); // when the list shows what was typed

  // What a view of pairs needs before it is drawn: the pairs of the list, and the rows at its top. The reader returns
  // from the pair `returning`, to which the list scrolls.
  async function load(query, returning) {
    const selection = Order.read(query);
    const numbers = await Order.apply(selection);
    const back = returning ? numbers.indexOf(Load.numberOf(returning)) : -1;
    const from = back >= 0 ? back - (back % R.per_list) : Math.min(Number(selection.from || 1), numbers.length || 1) - 1;
    const shown = numbers.slice(from, from + R.per_list);
    const least = back >= 0 ? back - from + 1 : 0;
    const first = await Promise.all(shown.slice(0, CHUNK * Math.ceil(Math.max(least, 1) / CHUNK)).map(Load.pair));
    return { selection, from, count: numbers.length, shown, first };
  }

  function draw(main, loaded, returning) {
    const list = make("div", { class: "rows", id: "rows" });
    const count = make("p", { class: "meta", id: "count", "aria-live": "polite" });
    const others = make("nav", { class: "others", "aria-label": "Other pairs" });
    main.append(make("h1", {}, "Pairs"), toolbar(loaded.selection, refill), count, list, others);
    fill(loaded);
    if (returning) list.querySelector(`[data-pair="${CSS.escape(returning)}"]`)?.scrollIntoView({ block: "center" });
  }

  function toolbar(selection, changed) {
    const go = (changes) => location.replace(`#/pairs?${Order.write({ ...selection, from: "", ...changes })}`);
    const buckets = R.buckets.map((bucket) => [bucket.name, `${bucket.title} (${bucket.n})`]);
    const methods = methodNames.filter((name) => R.scored[selection.metric]?.includes(name)).map((name) => [name, name]);
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
      Object.assign(selection, { find: event.target.value, from: "" });
      history.replaceState(null, "", `#/pairs?${Order.write(selection)}`);
      filled = changed(selection);
    };
    const entered = (event) => {
      if (event.key === "Enter") filled.then(() => document.querySelector("#rows article a")?.click());
    };
    const box = { type: "search", id: "find", placeholder: "pair, image or mask", value: selection.find, autocomplete: "off" };
    const input = make("input", { ...box, oninput: typed, onkeydown: entered });
    return make("label", { class: "field grow" }, make("span", {}, "Find ", make("kbd", {}, "/")), input);
  }

  // The list again, after the reader typed something.
  async function refill(selection) {
    const mine = ++latest;
    const list = document.getElementById("rows");
    list.setAttribute("aria-busy", "true");
    const loaded = await load(Order.write(selection));
    if (mine === latest && list.isConnected) fill(loaded);
  }

  function fill({ selection, from, count, shown, first }) {
    const mine = ++latest;
    const list = document.getElementById("rows");
    const end = make("div", { class: "end" });
    const none = count ? [] : [make("p", { class: "empty" }, "No pair matches. Choose another mask ratio or search text.")];
    observer?.disconnect();
    list.replaceChildren(...none, ...first.map((pair) => row(selection, pair)), end);
    list.removeAttribute("aria-busy");
    const of = count === R.count ? `${count} pairs` : `${count} of ${R.count} pairs`;
    document.getElementById("count").textContent = shown.length === count ? of : `${from + 1} to ${from + shown.length} of ${of}`;
    document.querySelector("nav.others").replaceChildren(...others(selection, from, count));
    let drawn = first.length;
    observer = new IntersectionObserver(async (seen) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      observer.unobserve(end); // observed again, in case the chunk did not fill the window
      const some = await Promise.all(shown.slice(drawn, drawn + CHUNK).map(Load.pair));
      if (mine !== latest) return;
      end.before(...some.map((pair) => row(selection, pair)));
      drawn += some.length;
      if (drawn < shown.length) observer.observe(end);
    }, { rootMargin: "800px" });
    if (drawn < shown.length) observer.observe(end);
  }

  // Links to the pairs before and after those of the list.
  function others(selection, from, count) {
    const link = (start, id, text) =>
      make("a", { href: `#/pairs?${Order.write({ ...selection, from: start ? String(start + 1) : "" })}`, id }, text);
    const range = (start) => `${start + 1} to ${Math.min(start + R.per_list, count)}`;
    const [before, after] = [Math.max(from - R.per_list, 0), from + R.per_list];
    const found = from ? [link(before, "pairs-before", `← Pairs ${range(before)}`)] : [];
    return after < count ? [...found, link(after, "pairs-after", `Pairs ${range(after)} →`)] : found;
  }

  function row(selection, pair) {
    const link = `#/pair/${pair.pair}?${Order.write(selection)}`;
    const facts = [`hole ${percent(pair.ratio)}`, bucketTitle(pair.bucket)];
    if (selection.by === "disagreement") {
      const [a, b] = [selection.a, selection.b].map((method) => asNumber(score(selection.metric, method, pair)));
      const apart = Order.apart(a, b);
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
      const value = score(selection.metric, method, pair);
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

  return { load, draw };
})();
