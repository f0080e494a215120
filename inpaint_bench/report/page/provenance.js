// How the results were made, in enough detail to reproduce them.
"use strict";

const Provenance = (() => {
  function draw(main) {
    main.append(
      make("h1", {}, "Provenance"),
      section("Reproduce", ...R.commands.map((command) => make("pre", {}, make("code", {}, command))),
        R.commands.some((command) => command.includes("…/"))
          ? make("p", { class: "meta" }, "…/ stands for a folder on the machine of the run.")
          : null),
      section("Protocol", list(R.protocol.facts),
        R.attribution ? make("p", { class: "meta" }, make("a", { href: R.attribution }, "Image attribution")) : null),
      section("Methods", make("div", { class: "methods" }, ...R.methods.map(method))),
      section("Metrics", signatures()),
    );
    if (R.left_out.length) {
      main.append(section("Left out", make("p", {}, `${R.left_out.join(", ")}: no results. Pairs are missing or not scored, or the weights are synthetic.`)));
    }
    main.append(make("p", { class: "meta" }, `Written by inpaint-bench ${R.version}.`));
  }

  const section = (title, ...children) => make("section", {}, make("h2", {}, title), ...children);

  function list(facts) {
    return make("dl", { class: "facts" }, ...Object.entries(facts).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]));
  }

  function method(one) {
    const facts = { source: one.source, code: one.code, device: one.device };
    if (one.weights) facts.weights = one.weights;
    facts.machine = Object.values(one.machine).join(", ");
    facts.versions = Object.entries(one.environment).filter(([, version]) => version).map((pair) => pair.join(" ")).join(", ");
    return make("details", {}, make("summary", {}, one.name, make("small", {}, one.source)), list(facts));
  }

  // The signature of each column: numbers with different signatures are not comparable.
  function signatures() {
    const groups = R.groups.filter((one) => one.main).map((group) => {
      const rows = group.columns.flatMap((one) => {
        const better = make("small", {}, ` ${R.metrics[one.metric].better} is better`);
        return [make("dt", {}, one.label), make("dd", {}, make("code", {}, one.signature), better)];
      });
      return [make("h3", {}, group.title), make("dl", { class: "facts" }, ...rows)];
    });
    return make("div", { class: "signatures" }, ...groups.flat());
  }

  return { draw, signatures };
})();
