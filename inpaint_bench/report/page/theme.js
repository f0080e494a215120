// Light or dark: that of the system until the reader chooses. Runs before the page is drawn.
"use strict";

const Theme = (() => {
  const KEY = "inpaint-bench-theme";
  const CHOICES = ["system", "light", "dark"];
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = "system";
  try {
    chosen = CHOICES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system";
  } catch {
    // no storage for local files in this browser: the choice lasts until the page is closed
  }

  function show() {
    const dark = chosen === "dark" || (chosen === "system" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    const button = document.getElementById("theme");
    if (button) button.textContent = { system: "Auto", light: "Light", dark: "Dark" }[chosen];
  }

  function next() {
    chosen = CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length];
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // no storage
    }
    show();
  }

  system.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("theme").addEventListener("click", next);
  });
  show();
  return { next };
})();
