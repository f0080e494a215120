// One click from a number to its provenance, and from a method to what can be copied.
"use strict";

const Details = (() => {
  const dialog = document.getElementById("details");
  const BASIS = {
    derived: "derived again from the scores in the file",
    stated: "as the file states it: it is of features or objects, and scores cannot give it",
    printed: "as the paper prints it",
  };

  function show(title, ...children) {
    const close = make("form", { method: "dialog" }, make("button", {}, "Close"));
    dialog.replaceChildren(make("h2", { id: "details-title" }, title), ...children.flat().filter(Boolean), close);
    dialog.showModal();
    dialog.scrollTop = 0;
  }

  function list(facts) {
    const shown = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null && value !== "");
    return make("dl", { class: "facts" }, ...shown.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }

  const link = (url, text) => make("a", { href: url, rel: "noopener noreferrer" }, text);
  const fileLink = (path) => link(path.split("/").map(encodeURIComponent).join("/"), path.split("/").at(-1));

  function number(row, one, column, state) {
    const interval = one.low === undefined ? "" : `${one.low} to ${one.high} (95%)`;
    show(
      `${row.name}: ${column.label} ${one.text}`,
      make("p", { class: "meta" }, `${state.protocol.name} · ${bucketTitle(state.bucket)} · ${row.tier}`),
      list({
        value: String(one.value ?? "not defined"), interval, pairs: one.n === undefined ? "" : String(one.n),
        signature: make("code", {}, column.signature), how: BASIS[one.basis], printed: one.source,
        file: row.file ? fileLink(row.file) : "",
        fingerprint: row.file ? make("code", {}, state.protocol.fingerprint) : "",
        pixels: row.file ? make("code", {}, state.protocol.pixels) : "",
        scores: one.scores ? make("code", {}, one.scores) : "",
        "measured again by": row.again.map((other) => other.who).join(", "),
        ...row.facts,
      }),
    );
  }

  function method(row, state) {
    const links = Object.entries(row.links).map(([name, url]) => [name, link(url, url)]);
    const again = row.again.flatMap((other) => [make("dt", {}, other.who), make("dd", {}, fileLink(other.file))]);
    const time = row.time ? { time: `${row.time.seconds.toPrecision(3)} s per image`, "timed at": row.time.setting, "not steady": row.time.notes.join(" ") } : {};
    show(
      row.name,
      make("p", { class: "lead" }, row.title),
      list({
        tier: row.tier, year: row.year === null ? "" : String(row.year), parameters: row.parameters === null ? "" : String(row.parameters),
        ...time, file: row.file ? fileLink(row.file) : "", ...Object.fromEntries(links), ...row.facts,
      }),
      again.length ? [make("h3", {}, "Measured again"), make("dl", { class: "facts" }, ...again)] : null,
      copyable("LaTeX", `${state.protocol.latex}\n${row.latex[state.bucket]}`),
      row.bibtex ? copyable("BibTeX", row.bibtex) : null,
      row.badge ? [...copyable("Badge", `![${row.name} on ${state.protocol.name}](${row.badge})`), make("img", { alt: `Badge of ${row.name}`, src: row.badge.split("/").map(encodeURIComponent).join("/") })] : null,
    );
  }

  function copyable(title, text) {
    const code = make("code", {}, text);
    const button = make("button", { type: "button", onclick: () => copy(button, code, text) }, "Copy");
    return [make("h3", {}, title, button), make("pre", { tabindex: "0" }, code)];
  }

  async function copy(button, code, text) {
    getSelection().selectAllChildren(code); // what is selected can be copied where the clipboard is refused
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected";
    }
  }

  return { number, method };
})();
