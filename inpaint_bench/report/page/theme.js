// Light or dark: as the system says, until the reader chooses. Runs before the page is drawn.
"use strict";

const Theme = (() => {
  const KEY = "inpaint-bench-theme";
  const CHOICES = ["system", "light", "dark"];
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = "system";
  try {
    chosen = CHOICES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system";
  } catch {
    // a browser that keeps nothing for files: the choice lasts as long as the page
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
      // as above
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
