// Routing by the address, and keyboard shortcuts.
"use strict";

(() => {
  const main = document.getElementById("main");
  // By view, what loads its data, if it needs any, and what draws it.
  const VIEWS = {
    results: [null, (query) => Results.draw(main, query)],
    pairs: [(query, back) => Pairs.load(query, back), (_, loaded, back) => Pairs.draw(main, loaded, back)],
    pair: [(query, _, name) => PairView.load(name, query), (_, loaded) => PairView.draw(main, loaded)],
    provenance: [null, () => Provenance.draw(main)],
  };
  const GLOBAL_KEYS = {
    "/": () => {
      if (view() === "pairs") return document.getElementById("find")?.focus();
      focusNext = "find";
      location.hash = "#/pairs";
    },
    "?": () => help.showModal(),
    t: Theme.next,
    1: () => (location.hash = "#/results"),
    2: () => (location.hash = "#/pairs"),
    3: () => (location.hash = "#/provenance"),
  };
  const SHORTCUTS = [
    ["← →", "previous pair, next pair"],
    ["/", "search pairs"],
    ["Enter", "in the search field: open the first pair"],
    ["d", "difference from the target"],
    ["h", "show the hole on the images"],
    ["+ − 0", "zoom in, zoom out, reset"],
    ["Esc", "back to the list"],
    ["1 2 3", "results, pairs, provenance"],
    ["t", "theme: system, light or dark"],
    ["?", "this list"],
  ];
  const help = document.getElementById("help");
  const scrollPositions = new Map(); // by address

  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // not a valid escape
    }
  };
  const parts = () => {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, ...rest] = path.split("/").map(decoded);
    return { name: Object.hasOwn(VIEWS, name) ? name : "results", rest, query: new URLSearchParams(query ?? "") };
  };
  const view = () => parts().name;

  let lastAddress = null;
  let lastPair = null; // the pair of the view before this one

  let focusNext = null; // the field that has the focus when the next view is drawn
  let latest = 0; // of the views that were begun: an earlier one that is still loading is not drawn

  async function draw() {
    const mine = ++latest;
    const { name, rest, query } = parts();
    const [load, show] = VIEWS[name];
    const back = lastPair;
    main.setAttribute("aria-busy", "true");
    const loaded = load ? await load(query, back, ...rest).catch((error) => error) : null;
    if (mine !== latest) return;
    if (lastAddress !== null) scrollPositions.set(lastAddress, window.scrollY);
    lastAddress = location.hash;
    const focused = focusNext ?? document.activeElement?.id;
    focusNext = null;
    main.replaceChildren();
    main.className = `wide ${name}`;
    loaded instanceof Error ? main.append(make("h1", {}, "No data"), make("p", {}, loaded.message)) : show(query, loaded, back);
    main.removeAttribute("aria-busy");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    lastPair = name === "pair" ? rest[0] : null;
    document.title = `${rest[0] ? `${rest[0]} · ` : ""}${R.protocol.name} · inpaint-bench`;
    for (const link of document.querySelectorAll(".bar nav a")) {
      const here = link.hash.slice(2).replace("pairs", "pair") === name.replace("pairs", "pair");
      here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    }
    if (name !== "pair" && !(name === "pairs" && back)) window.scrollTo(0, scrollPositions.get(lastAddress) ?? 0);
  }

  function onKeydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const field = event.target.closest("input, select, textarea");
    if (field) {
      if (event.key === "Escape") field.blur();
      if (field.type !== "checkbox") return; // the field uses the key itself
    }
    const action = (view() === "pair" ? PairView.KEYS[event.key] : undefined) ?? GLOBAL_KEYS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  document.getElementById("dataset").textContent = R.protocol.name;
  document.getElementById("keys").addEventListener("click", () => help.showModal());
  const keys = SHORTCUTS.flatMap(([key, text]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)]);
  document.getElementById("help-keys").append(...keys);
  window.addEventListener("hashchange", draw);
  document.addEventListener("keydown", onKeydown);
  draw();
})();
