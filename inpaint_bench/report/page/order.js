// Which pairs are shown and in what order. All of it stands in the address, so that a view can be sent.
"use strict";

const Order = (() => {
  const DEFAULT = { bucket: "all", by: "pair", metric: "", a: "", b: "", first: "", find: "" };
  const ORDERS = [
    ["pair", "Pair"],
    ["ratio", "Mask ratio"],
    ["score", "Score"],
    ["disagreement", "Disagreement of two methods"],
  ].filter(([by]) => pairMetrics.length || !["score", "disagreement"].includes(by)); // a set of pairs has no order

  // What the address asks for, with what it leaves open filled in.
  function read(query) {
    const requested = { ...DEFAULT };
    for (const key of Object.keys(DEFAULT)) if (query.has(key)) requested[key] = query.get(key);
    if (!ORDERS.some(([name]) => name === requested.by)) requested.by = "pair";
    if (!pairMetrics.includes(requested.metric)) {
      requested.metric = pairMetrics.includes(R.protocol.choose) ? R.protocol.choose : pairMetrics[0];
    }
    const names = methodNames.filter((name) => R.scores[requested.metric]?.[name]);
    if (!names.includes(requested.a)) requested.a = names[0];
    if (!names.includes(requested.b) || requested.b === requested.a) requested.b = names.find((name) => name !== requested.a) ?? requested.a;
    const firsts = firstsOf(requested.by).map(([name]) => name);
    if (!firsts.includes(requested.first)) requested.first = firsts[0];
    return requested;
  }

  function firstsOf(by) {
    if (by === "score") return [["worst", "Worst first"], ["best", "Best first"]];
    if (by === "pair") return [["least", "First to last"], ["most", "Last to first"]];
    return by === "ratio"
      ? [["least", "Smallest first"], ["most", "Largest first"]]
      : [["most", "Largest first"], ["least", "Smallest first"]];
  }

  function write(requested) {
    const query = new URLSearchParams();
    const used = { pair: [], ratio: [], score: ["metric", "a"], disagreement: ["metric", "a", "b"] }[requested.by];
    const always = ["bucket", "by", "first", "find"].filter((key) => requested[key] !== DEFAULT[key]);
    for (const key of [...always, ...used]) query.set(key, requested[key]);
    if (requested.first === firstsOf(requested.by)[0][0]) query.delete("first");
    return query;
  }

  // By what a pair is ordered: a number, NaN where it has none; such pairs come last.
  function key(requested, number) {
    if (requested.by === "ratio") return R.pairs[number].ratio;
    if (requested.by === "pair") return number;
    const a = asNumber(score(requested.metric, requested.a, number));
    if (requested.by === "score") return a;
    const b = asNumber(score(requested.metric, requested.b, number));
    return a === b ? 0 : Math.abs(a - b); // two infinite ones agree
  }

  function downwards(requested) {
    if (requested.by !== "score") return requested.first === "most";
    return (R.metrics[requested.metric].better === "higher") === (requested.first === "best");
  }

  // The numbers of the pairs that are shown, in order.
  function apply(requested) {
    const words = requested.find.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (pair) => {
      const text = `${pair.pair} ${pair.image} ${pair.mask}`.toLowerCase();
      return (requested.bucket === "all" || pair.bucket === requested.bucket) && words.every((word) => text.includes(word));
    };
    const sign = downwards(requested) ? -1 : 1;
    const keyed = R.pairs.flatMap((pair, number) => (fits(pair) ? [[key(requested, number), number]] : []));
    keyed.sort(([x, i], [y, j]) => {
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || i - j;
      return x === y ? i - j : x < y ? -sign : sign;
    });
    return keyed.map(([, number]) => number);
  }

  return { ORDERS, read, write, firstsOf, key, apply };
})();
