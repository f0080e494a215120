// Quality against time, with the methods that no other beats in both.
"use strict";

const Plot = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const [WIDEST, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [760, 400, 60, 100, 20, 50];
  let width = WIDEST; // of the window, so that letters keep their size

  function svg(tag, attributes = {}, text = "") {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    element.textContent = text;
    return element;
  }

  function draw(state) {
    const holder = document.getElementById("plots");
    width = Math.min(WIDEST, holder.clientWidth);
    const points = State.rows(state).map((row) => ({ row, time: row.time, one: State.numberOf(row, state, state.column.key) }))
      .filter(({ time, one }) => time && one && Number.isFinite(one.value));
    const settings = [...new Set(points.map(({ time }) => time.setting))];
    const figures = settings.map((setting) => figure(state, points.filter(({ time }) => time.setting === setting), setting));
    holder.replaceChildren(...figures);
  }

  function figure(state, points, setting) {
    const better = state.column.better === "higher" ? 1 : -1;
    const beats = (a, b) => a.time.seconds <= b.time.seconds && better * a.one.value >= better * b.one.value
      && (a.time.seconds < b.time.seconds || a.one.value !== b.one.value);
    const front = points.filter((point) => !points.some((other) => beats(other, point)));
    front.sort((a, b) => a.time.seconds - b.time.seconds);
    const x = scale(points.map(({ time }) => Math.log10(time.seconds)), LEFT, width - RIGHT);
    const y = scale(points.map(({ one }) => one.value), HEIGHT - BOTTOM, TOP);
    const at = (point) => [x.of(Math.log10(point.time.seconds)), y.of(point.one.value)];
    const title = `${state.column.label} against seconds per image`;
    const drawn = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": title });
    drawn.append(...axes(state, x, y));
    drawn.append(svg("polyline", { class: "front", points: front.map((point) => at(point).join(",")).join(" ") }));
    const labels = []; // where they stand, so that none covers another
    for (const point of points) {
      const [left, top] = at(point);
      const dot = svg("circle", { cx: left, cy: top, r: 5, class: front.includes(point) ? "best" : "" });
      dot.append(svg("title", {}, `${point.row.name}: ${point.one.text}, ${point.time.seconds.toPrecision(3)} s`));
      const line = free(labels, left + 9, top + 4);
      drawn.append(dot, svg("text", { x: left + 9, y: line, class: "label" }, point.row.name));
    }
    const notes = [...new Set(points.flatMap(({ row, time }) => time.notes.map((note) => `${row.name}: ${note}`)))];
    return make("figure", {}, make("div", { class: "head" }, make("h2", {}, title)), make("div", { class: "plot pareto" }, drawn),
      make("figcaption", {}, [`Timed at ${setting}. Line: methods that no other beats in both.`, ...notes].join(" ")));
  }

  function free(labels, x, y) {
    let line = y;
    while (labels.some((other) => Math.abs(other.x - x) < 90 && Math.abs(other.y - line) < 13)) line += 13;
    labels.push({ x, y: line });
    return line;
  }

  function scale(values, from, to) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = (high - low || 1) * 0.08;
    return { low: low - margin, high: high + margin, of: (value) => from + ((value - low + margin) / (high - low + 2 * margin)) * (to - from) };
  }

  function axes(state, x, y) {
    const shares = [0, 0.25, 0.5, 0.75, 1];
    const bottom = HEIGHT - BOTTOM;
    const at = (axis, share) => axis.low + share * (axis.high - axis.low);
    const across = shares.flatMap((share) => {
      const left = x.of(at(x, share));
      return [svg("line", { class: "axis", x1: left, x2: left, y1: TOP, y2: bottom }),
        svg("text", { x: left, y: bottom + 18, "text-anchor": "middle" }, Number((10 ** at(x, share)).toPrecision(2)).toString())];
    });
    const up = shares.flatMap((share) => {
      const top = y.of(at(y, share));
      return [svg("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: top, y2: top }),
        svg("text", { x: LEFT - 8, y: top + 4, "text-anchor": "end" }, Number(at(y, share).toPrecision(3)).toString())];
    });
    const unit = state.column.unit ? ` [${state.column.unit}]` : "";
    return [...across, ...up, svg("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, "seconds per image, logarithmic"),
      svg("text", { x: LEFT, y: TOP - 7 }, `${state.column.label}${unit}`)];
  }

  return { draw };
})();
