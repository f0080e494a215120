// Which pairs are shown, and in what order. Both are stored in the address, so that a view can be shared.
"use strict";

const Order = (() => {
  const DEFAULT = { bucket: "all", by: "pair", metric: "", a: "", b: "", first: "", find: "" };
  const ORDERS = [
    ["pair", "Pair"],
    ["ratio", "Mask ratio"],
    ["score", "Score"],
    ["disagreement", "Disagreement of two methods"],
  ].filter(([by]) => pairMetrics.length || !["score", "disagreement"].includes(by)); // without scores of pairs there is nothing to sort by

  // The selection in the address, with defaults for what it leaves out.
  function read(query) {
    const selection = { ...DEFAULT };
    for (const key of Object.keys(DEFAULT)) if (query.has(key)) selection[key] = query.get(key);
    if (!ORDERS.some(([name]) => name === selection.by)) selection.by = "pair";
    if (!pairMetrics.includes(selection.metric)) {
      selection.metric = pairMetrics.includes(R.protocol.choose) ? R.protocol.choose : pairMetrics[0];
    }
    const names = methodNames.filter((name) => R.scores[selection.metric]?.[name]);
    if (!names.includes(selection.a)) selection.a = names[0];
    if (!names.includes(selection.b) || selection.b === selection.a) selection.b = names.find((name) => name !== selection.a) ?? selection.a;
    const allowed = directions(selection.by).map(([name]) => name);
    if (!allowed.includes(selection.first)) selection.first = allowed[0];
    return selection;
  }

  function directions(by) {
    if (by === "score") return [["worst", "Worst first"], ["best", "Best first"]];
    if (by === "pair") return [["least", "First to last"], ["most", "Last to first"]];
    return by === "ratio"
      ? [["least", "Smallest first"], ["most", "Largest first"]]
      : [["most", "Largest first"], ["least", "Smallest first"]];
  }

  function write(selection) {
    const query = new URLSearchParams();
    const used = { pair: [], ratio: [], score: ["metric", "a"], disagreement: ["metric", "a", "b"] }[selection.by];
    const always = ["bucket", "by", "first", "find"].filter((key) => selection[key] !== DEFAULT[key]);
    for (const key of [...always, ...used]) query.set(key, selection[key]);
    if (selection.first === directions(selection.by)[0][0]) query.delete("first");
    return query;
  }

  // The sort key of a pair; NaN where it has none, and such pairs come last.
  function key(selection, number) {
    if (selection.by === "ratio") return R.pairs[number].ratio;
    if (selection.by === "pair") return number;
    const a = asNumber(score(selection.metric, selection.a, number));
    if (selection.by === "score") return a;
    const b = asNumber(score(selection.metric, selection.b, number));
    return a === b ? 0 : Math.abs(a - b); // two infinite scores are equal
  }

  function isDescending(selection) {
    if (selection.by !== "score") return selection.first === "most";
    return (R.metrics[selection.metric].better === "higher") === (selection.first === "best");
  }

  // The indices of the pairs that are shown, in order.
  function apply(selection) {
    const words = selection.find.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (pair) => {
      const text = `${pair.pair} ${pair.image} ${pair.mask}`.toLowerCase();
      return (selection.bucket === "all" || pair.bucket === selection.bucket) && words.every((word) => text.includes(word));
    };
    const sign = isDescending(selection) ? -1 : 1;
    const keyed = R.pairs.flatMap((pair, number) => (fits(pair) ? [[key(selection, number), number]] : []));
    keyed.sort(([x, i], [y, j]) => {
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || i - j;
      return x === y ? i - j : x < y ? -sign : sign;
    });
    return keyed.map(([, number]) => number);
  }

  return { ORDERS, read, write, directions, key, apply };
})();
