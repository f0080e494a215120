// What is shown: the choices of the reader, which the address keeps. Files' text is only ever inserted as text.
"use strict";

const B = window.BOARD;
const MILLIONS = [10, 100, 1000];
const TIERS = ["re-measured", "submitted", "reported"];

const State = (() => {
  const query = () => new URLSearchParams(location.hash.replace(/^#\??/, ""));
  const protocol = () => B.protocols.find((one) => one.name === query().get("protocol")) ?? B.protocols[0];

  // A choice by its name, or what stands for it where the address has none of those allowed.
  function chosen(name, allowed, otherwise) {
    const value = query().get(name);
    return allowed.includes(value) ? value : otherwise;
  }

  function read() {
    const shown = protocol();
    const keys = shown.columns.map((column) => column.key);
    const metric = chosen("metric", keys, shown.main);
    return {
      protocol: shown,
      bucket: chosen("bucket", shown.buckets, shown.buckets[0]),
      column: shown.columns.find((column) => column.key === metric),
      only: query().get("only") === "1",
      sort: chosen("sort", ["name", "tier", "year", "parameters", ...keys], metric),
      reverse: query().get("reverse") === "1",
      tier: chosen("tier", TIERS, ""),
      year: chosen("year", years(shown), ""),
      licence: chosen("licence", licences(shown), ""),
      parameters: chosen("parameters", MILLIONS.map(String), ""),
    };
  }

  // Change some choices; those of '' are forgotten. The page is drawn anew by the change of the address.
  function change(changes) {
    const next = query();
    for (const [name, value] of Object.entries(changes)) {
      if (value === "") next.delete(name);
      else next.set(name, value);
    }
    location.hash = `?${next}`;
  }

  const years = (shown) => [...new Set(shown.rows.map((row) => row.year).filter(Boolean))].sort().map(String);
  const licences = (shown) => [...new Set(shown.rows.map((row) => row.licences[0]))].sort();
  const numberOf = (row, state, key) => row.numbers[state.bucket]?.[key];

  // A value to sort by, the best first: unknown ones are NaN and come last.
  function sortable(row, state) {
    if (state.sort === "name") return row.name;
    if (state.sort === "tier") return TIERS.indexOf(row.tier);
    if (state.sort === "year") return row.year ? -row.year : NaN;
    if (state.sort === "parameters") return row.parameters ?? NaN;
    const column = state.protocol.columns.find((one) => one.key === state.sort);
    const value = numberOf(row, state, state.sort)?.value;
    const number = value === "inf" ? Infinity : (value ?? NaN);
    return column.better === "higher" ? -number : number;
  }

  function compared(a, b) {
    if (typeof a === "string") return a.localeCompare(b);
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return a === b ? 0 : a - b;
  }

  function rows(state) {
    const kept = state.protocol.rows.filter((row) =>
      Object.keys(row.numbers[state.bucket] ?? {}).length > 0
      && (!state.only || numberOf(row, state, state.column.key))
      && (!state.tier || row.tier === state.tier)
      && (!state.year || (row.year ?? 0) >= Number(state.year))
      && (!state.licence || row.licences[0] === state.licence)
      && (!state.parameters || (row.parameters ?? Infinity) <= 1e6 * Number(state.parameters)));
    const unknown = (row) => Number.isNaN(sortable(row, state));
    return kept.sort((a, b) => {
      const order = compared(sortable(a, state), sortable(b, state));
      return state.reverse && !unknown(a) && !unknown(b) ? -order : order;
    });
  }

  return { read, change, rows, years, licences, numberOf };
})();

const bucketTitle = (name) => (name === "all" ? "All" : name);
const millions = (count) => (count === null ? "–" : count === 0 ? "0" : `${(count / 1e6).toFixed(1)} M`);
