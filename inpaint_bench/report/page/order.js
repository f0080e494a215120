// Which pairs are shown, and in what order. Both are stored in the address, so that a view can be shared.
"use strict";

const Order = (() => {
  const DEFAULT = { bucket: "all", by: "pair", metric: "", a: "", b: "", first: "", find: "", from: "" };
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
    const names = methodNames.filter((name) => R.scored[selection.metric]?.includes(name));
    if (!names.includes(selection.a)) selection.a = names[0];
    if (!names.includes(selection.b) || selection.b === selection.a) selection.b = names.find((name) => name !== selection.a) ?? selection.a;
    const allowed = directions(selection.by).map(([name]) => name);
    if (!allowed.includes(selection.first)) selection.first = allowed[0];
    if (!/^[1-9][0-9]{0,8}$/.test(selection.from)) selection.from = "";
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
    const always = ["bucket", "by", "first", "find", "from"].filter((key) => selection[key] !== DEFAULT[key]);
    for (const key of [...always, ...used]) query.set(key, selection[key]);
    if (selection.first === directions(selection.by)[0][0]) query.delete("first");
    return query;
  }

  // How far two scores are apart; two infinite ones are equal.
  const apart = (a, b) => (a === b ? 0 : Math.abs(a - b));

  // A function that gives the sort key of a pair by its number; NaN where it has none, and such pairs come last.
  async function keys(selection, all) {
    if (selection.by === "ratio") return (number) => all.ratio[number];
    if (selection.by === "pair") return (number) => number;
    const a = await Load.column(selection.metric, selection.a);
    if (selection.by === "score") return (number) => a[number];
    const b = await Load.column(selection.metric, selection.b);
    return (number) => apart(a[number], b[number]);
  }

  function isDescending(selection) {
    if (selection.by !== "score") return selection.first === "most";
    return (R.metrics[selection.metric].better === "higher") === (selection.first === "best");
  }

  // The numbers of the pairs that are shown, in order. The last answer is kept, as readers go from pair to pair.
  async function apply(selection) {
    const query = write({ ...selection, from: "" }).toString();
    if (query !== last.query) last = { query, numbers: sorted(selection, await Load.all(), await keys(selection, await Load.all())) };
    return last.numbers;
  }

  let last = { query: null, numbers: [] };

  function sorted(selection, all, key) {
    const words = selection.find.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (number) => {
      if (selection.bucket !== "all" && Load.bucketOf(number) !== selection.bucket) return false;
      const text = words.length ? `${all.pair[number]} ${all.image[number]} ${all.mask[number]}`.toLowerCase() : "";
      return words.every((word) => text.includes(word));
    };
    const sign = isDescending(selection) ? -1 : 1;
    const found = all.pair.map((_, number) => number).filter(fits);
    return found.sort((i, j) => {
      const [x, y] = [key(i), key(j)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || i - j;
      return x === y ? i - j : x < y ? -sign : sign;
    });
  }

  return { ORDERS, read, write, directions, apart, apply };
})();
