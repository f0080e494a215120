// Which view the address asks for, and the keys.
"use strict";

(() => {
  const main = document.getElementById("main");
  const VIEWS = {
    results: (query) => Results.draw(main, query),
    pairs: (query) => Pairs.draw(main, query, came),
    pair: (query, name) => PairView.draw(main, name, query),
    provenance: () => Provenance.draw(main),
  };
  const EVERYWHERE = {
    "/": () => {
      if (view() !== "pairs") location.hash = "#/pairs";
      requestAnimationFrame(() => document.getElementById("find")?.focus());
    },
    "?": () => help.showModal(),
    t: Theme.next,
    1: () => (location.hash = "#/results"),
    2: () => (location.hash = "#/pairs"),
    3: () => (location.hash = "#/provenance"),
  };
  const SAID = [
    ["← →", "the pair before, the next pair"],
    ["/", "find pairs"],
    ["Enter", "in the search: open the first pair"],
    ["d", "difference to the target"],
    ["h", "lay the hole over the pictures"],
    ["+ − 0", "zoom, and back"],
    ["Esc", "back to the list"],
    ["1 2 3", "results, pairs, provenance"],
    ["t", "light, dark, as the system says"],
    ["?", "this list"],
  ];
  const help = document.getElementById("help");
  const scrolled = new Map(); // by address, how far down the reader was

  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // a % that begins no letter
    }
  };
  const parts = () => {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, ...rest] = path.split("/").map(decoded);
    return { name: Object.hasOwn(VIEWS, name) ? name : "results", rest, query: new URLSearchParams(query ?? "") };
  };
  const view = () => parts().name;

  let last = null;
  let came = null; // the pair that was seen last, on the way back to the list

  function draw() {
    if (last !== null) scrolled.set(last, window.scrollY);
    last = location.hash;
    const back = came;
    const focused = document.activeElement?.id;
    const { name, rest, query } = parts();
    main.replaceChildren();
    main.className = `wide ${name}`;
    VIEWS[name](query, ...rest);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    came = name === "pair" ? rest[0] : null;
    document.title = `${rest[0] ? `${rest[0]} · ` : ""}${R.protocol.name} · inpaint-bench`;
    for (const link of document.querySelectorAll(".bar nav a")) {
      const here = link.hash.slice(2).replace("pairs", "pair") === name.replace("pairs", "pair");
      here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    }
    if (name !== "pair" && !(name === "pairs" && back)) window.scrollTo(0, scrolled.get(last) ?? 0);
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const field = event.target.closest("input, select, textarea");
    if (field) {
      if (event.key === "Escape") field.blur();
      if (field.type !== "checkbox") return; // its own keys
    }
    const action = (view() === "pair" ? PairView.KEYS[event.key] : undefined) ?? EVERYWHERE[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  document.getElementById("dataset").textContent = R.protocol.name;
  document.getElementById("keys").addEventListener("click", () => help.showModal());
  const keys = SAID.flatMap(([key, text]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)]);
  document.getElementById("help-keys").append(...keys);
  window.addEventListener("hashchange", draw);
  document.addEventListener("keydown", pressed);
  draw();
})();
