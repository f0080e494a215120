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
    const asked = { ...DEFAULT };
    for (const key of Object.keys(DEFAULT)) if (query.has(key)) asked[key] = query.get(key);
    if (!ORDERS.some(([name]) => name === asked.by)) asked.by = "pair";
    if (!pairMetrics.includes(asked.metric)) {
      asked.metric = pairMetrics.includes(R.protocol.choose) ? R.protocol.choose : pairMetrics[0];
    }
    const names = methodNames.filter((name) => R.scores[asked.metric]?.[name]);
    if (!names.includes(asked.a)) asked.a = names[0];
    if (!names.includes(asked.b) || asked.b === asked.a) asked.b = names.find((name) => name !== asked.a) ?? asked.a;
    const firsts = firstsOf(asked.by).map(([name]) => name);
    if (!firsts.includes(asked.first)) asked.first = firsts[0];
    return asked;
  }

  function firstsOf(by) {
    if (by === "score") return [["worst", "Worst first"], ["best", "Best first"]];
    if (by === "pair") return [["least", "First to last"], ["most", "Last to first"]];
    return by === "ratio"
      ? [["least", "Smallest first"], ["most", "Largest first"]]
      : [["most", "Largest first"], ["least", "Smallest first"]];
  }

  function write(asked) {
    const query = new URLSearchParams();
    const used = { pair: [], ratio: [], score: ["metric", "a"], disagreement: ["metric", "a", "b"] }[asked.by];
    const always = ["bucket", "by", "first", "find"].filter((key) => asked[key] !== DEFAULT[key]);
    for (const key of [...always, ...used]) query.set(key, asked[key]);
    if (asked.first === firstsOf(asked.by)[0][0]) query.delete("first");
    return query;
  }

  // By what a pair is ordered: a number, NaN where it has none; such pairs come last.
  function key(asked, number) {
    if (asked.by === "ratio") return R.pairs[number].ratio;
    if (asked.by === "pair") return number;
    const a = asNumber(score(asked.metric, asked.a, number));
    if (asked.by === "score") return a;
    const b = asNumber(score(asked.metric, asked.b, number));
    return a === b ? 0 : Math.abs(a - b); // two infinite ones agree
  }

  function downwards(asked) {
    if (asked.by !== "score") return asked.first === "most";
    return (R.metrics[asked.metric].better === "higher") === (asked.first === "best");
  }

  // The numbers of the pairs that are shown, in order.
  function apply(asked) {
    const words = asked.find.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (pair) => {
      const text = `${pair.pair} ${pair.image} ${pair.mask}`.toLowerCase();
      return (asked.bucket === "all" || pair.bucket === asked.bucket) && words.every((word) => text.includes(word));
    };
    const sign = downwards(asked) ? -1 : 1;
    const keyed = R.pairs.flatMap((pair, number) => (fits(pair) ? [[key(asked, number), number]] : []));
    keyed.sort(([x, i], [y, j]) => {
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || i - j;
      return x === y ? i - j : x < y ? -sign : sign;
    });
    return keyed.map(([, number]) => number);
  }

  return { ORDERS, read, write, firstsOf, key, apply };
})();
