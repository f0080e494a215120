// Sortable tables: a click or Enter on a heading sorts by it, a second one reverses the order.
"use strict";

const Tables = (() => {
  // columns: {title, better, note}; rows: {name, number, reference, cells: [{text, value, rank, interval}]}.
  // The first column holds the names. Reference rows stay at the bottom.
  function sortable(columns, rows, caption, sorted) {
    const body = make("tbody");
    const heads = columns.map((column, number) => heading(column, number));
    const name = heading({ title: "method" }, -1);
    const table = make("table", {}, make("thead", {}, make("tr", {}, name, ...heads)), body);

    function heading(column, number) {
      const button = make("button", { type: "button", onclick: () => sort(number) }, column.title);
      return make("th", { scope: "col", title: column.note ?? null, class: number < 0 ? "first" : "number" }, button);
    }

    function sort(number) {
      const down = number >= 0 && columns[number].better === "higher";
      const again = sorted.column === number;
      sorted.column = number;
      sorted.down = again ? !sorted.down : down; // best first
      show();
    }

    function show() {
      body.replaceChildren(...inOrder(rows, sorted).map(asRow));
      [name, ...heads].forEach((head, position) => {
        const here = position - 1 === sorted.column;
        head.ariaSort = here ? (sorted.down ? "descending" : "ascending") : "none";
      });
    }

    show();
    const title = caption ? [make("figcaption", {}, caption)] : [];
    return make("figure", { class: "table" }, ...title, make("div", { class: "scroll", tabindex: "0" }, table));
  }

  function inOrder(rows, { column, down }) {
    const methods = rows.filter((row) => !row.reference);
    const value = (row) => asNumber(row.cells[column]?.value);
    const compare = (a, b) => {
      if (column < 0) return down ? b.name.localeCompare(a.name) : a.name.localeCompare(b.name);
      const [x, y] = [value(a), value(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y); // without a value: last
      return x === y ? 0 : (x < y) !== down ? -1 : 1;
    };
    return [...methods.sort(compare), ...rows.filter((row) => row.reference)];
  }

  function asRow(row) {
    const cells = row.cells.map((cell) => {
      const text = make("span", { class: cell?.rank ? `value ${cell.rank.replace(" ", "-")}` : "value" });
      text.textContent = cell?.text ?? "–";
      const interval = cell?.interval ? [make("span", { class: "interval" }, cell.interval)] : [];
      return make("td", {}, text, ...interval);
    });
    const name = row.number === undefined ? [] : [make("span", { class: "dot", style: `--colour: ${colour(row.number)}` })];
    return make("tr", { class: row.reference ? "reference" : null }, make("th", { scope: "row" }, ...name, row.name), cells);
  }

  // The colours of the plots, so that a method has one colour everywhere.
  function colour(number) {
    return `var(--series-${number % 10})`;
  }

  return { sortable, colour };
})();
