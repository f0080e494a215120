// A shared zoom for all images of a pair: each shows the same part at the same scale.
"use strict";

const Zoom = (() => {
  const LARGEST = 32;
  const STEP = 1.5;
  let scale = 1;
  let x = 0.5; // the centre of every frame, as a fraction of the image
  let y = 0.5;
  let holder = null;
  let label = null;
  const down = new Map(); // the positions of pressed pointers, by id
  let moved = false;

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  function show() {
    const edge = 0.5 / scale;
    x = clamp(x, edge, 1 - edge);
    y = clamp(y, edge, 1 - edge);
    holder.style.setProperty("--scale", scale);
    holder.style.setProperty("--x", edge - x);
    holder.style.setProperty("--y", edge - y);
    holder.classList.toggle("zoomed", scale > 1);
    holder.classList.toggle("pixels", scale >= 3);
    label.textContent = `${scale < 10 ? scale.toFixed(1).replace(".0", "") : Math.round(scale)}×`;
  }

  // Zoom in by a factor; the point at (u, v) of the frame stays where it is.
  function by(factor, u = 0.5, v = 0.5) {
    const next = clamp(scale * factor, 1, LARGEST);
    x += (u - 0.5) * (1 / scale - 1 / next);
    y += (v - 0.5) * (1 / scale - 1 / next);
    scale = next;
    show();
  }

  function reset() {
    scale = 1;
    x = y = 0.5;
    show();
  }

  function shares(event) {
    const box = event.target.closest(".frame").getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, box];
  }

  function start(event) {
    if (!event.target.closest(".frame") || event.target.closest(".divider") || event.button > 0) return;
    if (!down.size) moved = false;
    down.set(event.pointerId, [event.clientX, event.clientY]);
    event.target.setPointerCapture(event.pointerId); // so that its end is reported here, wherever it happens
  }

  function move(event) {
    const before = down.get(event.pointerId);
    if (!before) return;
    const [, , box] = shares(event);
    const now = [event.clientX, event.clientY];
    if (Math.hypot(now[0] - before[0], now[1] - before[1]) < (moved ? 0 : 4)) return;
    moved = true;
    if (down.size === 1) {
      x -= (now[0] - before[0]) / box.width / scale;
      y -= (now[1] - before[1]) / box.height / scale;
      show();
    } else {
      const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, where]) => where);
      const apart = (where) => Math.max(1, Math.hypot(where[0] - other[0], where[1] - other[1]));
      const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      by(apart(now) / apart(before), (middle[0] - box.left) / box.width, (middle[1] - box.top) / box.height);
    }
    down.set(event.pointerId, now);
  }

  function end(event) {
    const tapped = down.delete(event.pointerId) && !moved && event.type === "pointerup";
    if (!tapped || !event.target.closest(".frame")) return;
    const [u, v] = shares(event);
    by(event.shiftKey || event.altKey ? 0.5 : 2, u, v);
  }

  function turn(event) {
    if (!event.target.closest(".frame") || !(event.ctrlKey || event.metaKey)) return; // otherwise the page scrolls
    event.preventDefault();
    const [u, v] = shares(event);
    by(Math.exp(-event.deltaY / 150), u, v);
  }

  // All frames in an element share the zoom, which is kept between pairs; `text` shows the scale.
  function link(element, text) {
    holder = element;
    label = text;
    down.clear();
    element.addEventListener("pointerdown", start);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
    element.addEventListener("wheel", turn, { passive: false });
    show();
  }

  return { link, reset, larger: () => by(STEP), smaller: () => by(1 / STEP) };
})();
