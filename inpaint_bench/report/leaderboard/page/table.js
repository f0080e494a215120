// The table: a heading sorts, a number opens its provenance, a method its details.
"use strict";

const Board = (() => {
  function draw(state) {
    const rows = State.rows(state);
    const columns = state.only ? [state.column] : state.protocol.columns.filter((column) => rows.some((row) => State.numberOf(row, state, column.key)));
    const heads = [
      make("th", { scope: "col", class: "text" }, "#"), heading(state, "name", "method", "first"), heading(state, "tier", "tier", "text"),
      heading(state, "year", "year"), heading(state, "parameters", "parameters"), make("th", { scope: "col" }, "to the next"),
      ...columns.map((column) => heading(state, column.key, column.label, "number", column.signature)),
    ];
    const body = rows.map((row, place) => line(state, columns, row, rows[place + 1], place));
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body));
    const empty = rows.length ? null : make("p", { class: "empty" }, "No method is left. Widen a filter.");
    const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Leaderboard" }, table);
    document.getElementById("board").replaceChildren(make("figure", { class: "table" }, scroll, empty));
  }

  function heading(state, key, title, kind = "number", note = null) {
    const here = state.sort === key;
    const reverse = here && !state.reverse ? "1" : "";
    const button = make("button", { type: "button", onclick: () => State.change({ sort: key, reverse }) }, title);
    const order = ascending(state, key) !== state.reverse ? "ascending" : "descending";
    return make("th", { scope: "col", class: kind, title: note, "aria-sort": here ? order : "none" }, button);
  }

  // Whether the best first means the smallest first.
  function ascending(state, key) {
    const column = state.protocol.columns.find((one) => one.key === key);
    return column ? column.better === "lower" : key !== "year";
  }

  function line(state, columns, row, below, place) {
    const name = make("button", { type: "button", onclick: () => Details.method(row, state) }, row.name);
    const year = row.year === null ? "–" : String(row.year);
    const cells = columns.map((column) => cell(state, row, column));
    return make("tr", { class: row.tier === "reported" ? "of-paper" : null, "data-id": row.id },
      make("td", { class: "rank text" }, state.sort === state.column.key && !State.numberOf(row, state, state.sort) ? "" : String(place + 1)),
      make("th", { scope: "row" }, name),
      make("td", { class: "text" }, make("span", { class: `tier ${row.tier}` }, row.tier)),
      make("td", {}, year), make("td", {}, millions(row.parameters)),
      make("td", { class: "next" }, next(state, row, below)), ...cells);
  }

  function cell(state, row, column) {
    const chosen = column.key === state.column.key ? "chosen" : null;
    const one = State.numberOf(row, state, column.key);
    if (!one) return make("td", { class: chosen }, "–");
    const rank = state.protocol.tests[state.bucket][column.key].ranks[row.id] ?? "";
    const button = make("button", { type: "button", onclick: () => Details.number(row, one, column, state) },
      make("span", { class: `value ${rank.replace(" ", "-")}` }, one.text), one.basis === "stated" ? "°" : "");
    return make("td", { class: chosen }, button);
  }

  // The test against the row below, where both have scores and the order is that of the metric.
  function next(state, row, below) {
    const test = state.protocol.tests[state.bucket][state.column.key].next[row.id];
    if (!test || !below || test.other !== below.id || state.sort !== state.column.key || state.reverse) return "";
    const p = test.p < 0.0001 ? "p < 0.0001" : `p = ${test.p.toFixed(4)}`;
    return test.differs ? `differs, ${p}` : `not separable, ${p}`;
  }

  return { draw };
})();
