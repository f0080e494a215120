// Every pair in a row of small pictures. Rows are made as they come near, so thousands of pairs stay light.
"use strict";

const Pairs = (() => {
  const CHUNK = 20;
  let observer = null;

  // `came` is the pair that the reader comes back from; it is shown again.
  function draw(main, query, came) {
    const requested = Order.read(query);
    const list = make("div", { class: "rows", id: "rows" });
    const count = make("p", { class: "meta", id: "count", "aria-live": "polite" });
    main.append(make("h1", {}, "Pairs"), toolbar(requested, () => fill(list, count, requested)), count, list);
    fill(list, count, requested, came);
    if (came) list.querySelector(`[data-pair="${CSS.escape(came)}"]`)?.scrollIntoView({ block: "center" });
  }

  function toolbar(requested, changed) {
    const go = (changes) => location.replace(`#/pairs?${Order.write({ ...requested, ...changes })}`);
    const buckets = R.buckets.map((bucket) => [bucket.name, `${bucket.title} (${bucket.n})`]);
    const methods = methodNames.filter((name) => R.scores[requested.metric]?.[name]).map((name) => [name, name]);
    const fields = [
      find(requested, changed),
      choice("bucket", "Mask ratio", buckets, requested.bucket, (bucket) => go({ bucket })),
      choice("by", "Order by", Order.ORDERS, requested.by, (by) => go({ by, first: "" })),
    ];
    if (requested.by === "score" || requested.by === "disagreement") {
      const metrics = pairMetrics.map((metric) => [metric, metricTitle(metric)]);
      fields.push(choice("metric", "Metric", metrics, requested.metric, (metric) => go({ metric })));
      fields.push(choice("a", "Method", methods, requested.a, (a) => go({ a })));
    }
    if (requested.by === "disagreement") {
      const others = methods.filter(([name]) => name !== requested.a);
      fields.push(choice("b", "And", others, requested.b, (b) => go({ b })));
    }
    fields.push(choice("first", "Begin with", Order.firstsOf(requested.by), requested.first, (first) => go({ first })));
    return make("form", { class: "toolbar", onsubmit: (event) => event.preventDefault() }, ...fields);
  }

  // Typing changes the list at once, and the address without a new view, so that the words keep the cursor.
  function find(requested, changed) {
    const typed = (event) => {
      requested.find = event.target.value;
      history.replaceState(null, "", `#/pairs?${Order.write(requested)}`);
      changed();
    };
    const entered = (event) => {
      if (event.key === "Enter") document.querySelector("#rows article a")?.click();
    };
    const box = { type: "search", id: "find", placeholder: "number, image or mask", value: requested.find, autocomplete: "off" };
    const input = make("input", { ...box, oninput: typed, onkeydown: entered });
    return make("label", { class: "field grow" }, make("span", {}, "Find ", make("kbd", {}, "/")), input);
  }

  function fill(list, count, requested, came) {
    const numbers = Order.apply(requested);
    observer?.disconnect();
    list.replaceChildren();
    count.textContent = numbers.length === R.pairs.length ? `${numbers.length} pairs` : `${numbers.length} of ${R.pairs.length} pairs`;
    if (!numbers.length) list.append(make("p", { class: "empty" }, "No pair fits. Take another mask ratio or other words."));
    let made = 0;
    const end = make("div", { class: "end" });
    const more = () => {
      const some = numbers.slice(made, made + CHUNK);
      made += some.length;
      end.before(...some.map((number) => row(requested, number)));
      if (made >= numbers.length) observer.disconnect();
    };
    list.append(end);
    observer = new IntersectionObserver((seen) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      more();
      observer.unobserve(end); // seen again at once where a chunk does not fill the window
      if (made < numbers.length) observer.observe(end);
    }, { rootMargin: "800px" });
    if (numbers.length) {
      do more();
      while (made <= numbers.indexOf(place.get(came)));
      if (made < numbers.length) observer.observe(end);
    }
  }

  function row(requested, number) {
    const pair = R.pairs[number];
    const link = `#/pair/${pair.pair}?${Order.write(requested)}`;
    const facts = [`hole ${percent(pair.ratio)}`, bucketTitle(pair.bucket)];
    if (requested.by === "disagreement") {
      const apart = Order.key(requested, number);
      const text = Number.isNaN(apart) ? "–" : Number.isFinite(apart) ? printed(requested.metric, apart) : "inf";
      facts.push(`${requested.metric} ${text} apart`);
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
      const value = score(requested.metric, method, number);
      const ordered = (requested.by === "score" && method === requested.a) ||
        (requested.by === "disagreement" && [requested.a, requested.b].includes(method));
      const shown = value === undefined ? null : printed(requested.metric, value);
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
