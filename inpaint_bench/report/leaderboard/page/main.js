// The address says what is shown; every change of it draws the page anew.
"use strict";

(() => {
  const element = (id) => document.getElementById(id);

  function draw() {
    const state = State.read();
    const focused = document.activeElement?.id;
    const sorted = document.activeElement?.closest("th[scope=col]")?.cellIndex;
    protocols(state);
    intro(state);
    filters(state);
    Board.draw(state);
    notes(state);
    Plot.draw(state);
    if (focused) element(focused)?.focus();
    else if (sorted !== undefined) document.querySelectorAll("th[scope=col]")[sorted]?.querySelector("button")?.focus();
  }

  function protocols(state) {
    element("protocols").replaceChildren(...B.protocols.map((one) => make("a", {
      href: `#?protocol=${encodeURIComponent(one.name)}`, id: `protocol-${one.name}`, "aria-current": one === state.protocol ? "page" : null,
    }, one.name)));
  }

  function intro({ protocol }) {
    const counts = [protocol.pairs === null ? "" : `${protocol.pairs} pairs`, `${protocol.rows.length} rows`].filter(Boolean);
    const print = protocol.fingerprint ? [" · fingerprint ", make("code", {}, protocol.fingerprint)] : [];
    element("intro").replaceChildren(
      make("h1", {}, `Leaderboard: ${protocol.name}`), make("p", { class: "lead" }, protocol.title),
      make("p", { class: "meta" }, counts.join(" · "), ...print));
  }

  function filters(state) {
    const field = (name, title, options, value) => choice(name, title, options, value, (chosen) => State.change({ [name]: chosen }));
    const any = (values, text = (value) => value) => [["", "any"], ...values.map((value) => [value, text(value)])];
    const { protocol } = state;
    const metrics = protocol.columns.map((column) => [column.key, same(protocol, column) ? `${column.label}, ${column.signature}` : column.label]);
    const box = make("input", { type: "checkbox", id: "only", checked: state.only, onchange: (event) => State.change({ only: event.target.checked ? "1" : "" }) });
    element("filters").replaceChildren(
      field("bucket", "Mask ratio", protocol.buckets.map((name) => [name, bucketTitle(name)]), state.bucket),
      choice("metric", "Metric", metrics, state.column.key, (metric) => State.change({ metric, sort: "", reverse: "" })),
      field("tier", "Tier", any(TIERS), state.tier),
      field("year", "Year from", any(State.years(protocol)), state.year),
      field("licence", "Licence of code", any(State.licences(protocol)), state.licence),
      field("parameters", "Parameters up to", any(MILLIONS.map(String), (value) => `${value} M`), state.parameters),
      make("label", { class: "check" }, box, " Only this metric"));
  }

  const same = (protocol, column) => protocol.columns.some((other) => other !== column && other.label === column.label);

  function notes(state) {
    const ranked = state.protocol.rows.some((row) => row.file);
    const texts = [
      ranked ? "Bold: significantly better than every other method with scores; underlined: not significantly different from the best. To the next: paired sign-flip test over the same pairs, adjusted by Holm over the neighbours of the column." : "",
      ranked ? "Submitted: every number of image metrics was derived again from the scores in the file. Re-measured: someone else ran the same code and weights, and every number agrees within " + B.agreement + "." : "",
      "Reported: as a paper prints it, on pairs that nobody can check; ranked with nothing.",
      ranked ? "° stated in the file and not derived: a distance of sets or a count of objects. † ‡ a Fréchet distance of few pictures: mostly bias." : "",
    ];
    element("notes").replaceChildren(...texts.filter(Boolean).map((text) => make("li", {}, text)));
  }

  element("filters").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", draw);
  draw();
})();
