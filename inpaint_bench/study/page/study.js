// One session: consent, the trials of a block, the answers. Texts of the study are only ever inserted as text.
"use strict";

(() => {
  const S = window.STUDY;
  const $ = (id) => document.getElementById(id);
  const SLOT = `inpaint-bench-study-${S.study}`;
  const LEAST = 150; // ms before a choice counts: faster ones are a key that was still held, or a second tap

  // --- what is kept over a reload -----------------------------------------------------------------
  // In localStorage; where local files have none, in the history entry of this tab.

  function load() {
    let text = null;
    try {
      text = localStorage.getItem(SLOT);
    } catch {
      text = null;
    }
    try {
      return usable(JSON.parse(text)) ?? usable(history.state?.[SLOT]);
    } catch {
      return usable(history.state?.[SLOT]);
    }
  }

  function usable(kept) {
    const sound =
      kept &&
      /^[0-9a-f]{32}$/.test(kept.rater) &&
      Array.isArray(S.blocks[kept.block]) &&
      Array.isArray(kept.answers) &&
      kept.answers.length <= S.blocks[kept.block].length;
    return sound ? kept : null;
  }

  function save() {
    try {
      localStorage.setItem(SLOT, JSON.stringify(session));
    } catch {
      // full or forbidden: the history entry below is all there is
    }
    try {
      history.replaceState({ [SLOT]: session }, "");
    } catch {
      // then a reload starts anew
    }
  }

  function begin() {
    const random = crypto.getRandomValues(new Uint8Array(16));
    const rater = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
    // the block is that of the link, #block=7, or the rater's own number decides
    const asked = /^#block=(\d{1,6})$/.exec(location.hash);
    const number = asked ? Number(asked[1]) : new DataView(random.buffer).getUint32(0);
    return { rater, block: number % S.blocks.length, agreed: false, sent: false, answers: [] };
  }

  let session = load() ?? begin();
  const block = S.blocks[session.block];

  // --- consent ------------------------------------------------------------------------------------

  function show(id, heading) {
    for (const part of document.querySelectorAll("main")) part.hidden = part.id !== id;
    $(heading).focus({ preventScroll: true });
  }

  function showConsent() {
    for (const text of S.consent.split(/\n\s*\n/)) {
      const paragraph = document.createElement("p");
      paragraph.textContent = text.trim();
      $("consent-text").append(paragraph);
    }
    $("length").textContent = `${block.length} questions, with the arrow keys, the keys 1 and 2, or a tap.`;
    $("agree").addEventListener("click", () => {
      session.agreed = true;
      save();
      showTrial();
    });
    show("consent", "consent-title");
  }

  // --- trials -------------------------------------------------------------------------------------

  let shownAt = null; // when both pictures of this trial were on the screen; null while they load
  const address = (number) => `pictures/${S.pictures[number]}`;

  async function showTrial() {
    const number = session.answers.length;
    if (number >= block.length) return showEnd();
    shownAt = null;
    const [left, right, context] = block[number];
    $("question").textContent = S.question;
    $("count").textContent = `${number + 1} of ${block.length}`;
    $("progress").max = block.length;
    $("progress").value = number;
    $("missing").textContent = "";
    if ($("trial").hidden) show("trial", "question");
    $("context").replaceChildren(...S.contexts[context].map(figure));
    $("left-image").src = address(left);
    $("right-image").src = address(right);
    document.activeElement?.blur?.(); // so that no choice has the focus of the one before
    try {
      await Promise.all([...document.querySelectorAll("#trial img")].map((image) => image.decode()));
    } catch {
      if (session.answers.length !== number) return;
      $("missing").textContent = "A picture cannot be loaded. Reload the page; your answers so far are kept.";
      return;
    }
    if (session.answers.length === number) requestAnimationFrame(() => (shownAt = performance.now()));
    preload(number + 1);
  }

  function figure([kind, picture]) {
    const found = document.createElement("figure");
    const image = document.createElement("img");
    const caption = document.createElement("figcaption");
    image.alt = kind === "masked" ? "The image with its missing region in grey" : "The original image";
    image.src = address(picture);
    caption.textContent = kind === "masked" ? "Missing region in grey" : "Original";
    found.append(image, caption);
    return found;
  }

  function preload(number) {
    for (const picture of (block[number] ?? []).slice(0, 2)) new Image().src = address(picture);
  }

  function choose(choice) {
    if ($("trial").hidden || shownAt === null) return;
    const ms = Math.round(performance.now() - shownAt);
    if (ms < LEAST) return;
    session.answers.push({ choice, ms: Math.min(ms, 86400000) });
    save();
    showTrial();
  }

  $("left").addEventListener("click", () => choose("left"));
  $("right").addEventListener("click", () => choose("right"));
  const KEYS = { ArrowLeft: "left", 1: "left", ArrowRight: "right", 2: "right" };
  document.addEventListener("keydown", (event) => {
    if ($("trial").hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (!Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    choose(KEYS[event.key]);
  });

  // --- the end ------------------------------------------------------------------------------------

  function result() {
    const { rater, answers } = session;
    return JSON.stringify({ schema: 1, study: S.study, rater, block: session.block, answers }, null, 1);
  }

  async function showEnd() {
    $("download").href = `data:application/json;charset=utf-8,${encodeURIComponent(result())}`;
    $("download").download = `answers-${session.rater.slice(0, 8)}.json`;
    show("end", "end-title");
    if (!S.post) {
      $("end-text").textContent = "All questions are answered. Download your answers and send the file to whoever gave you this page.";
      return;
    }
    if (!session.sent) {
      $("end-text").textContent = "Sending your answers …";
      session.sent = await send();
      save();
    }
    $("end-text").textContent = session.sent
      ? "Your answers were sent. You can close this page."
      : "Your answers could not be sent. Reload the page to try again, or download them and send the file to whoever gave you this page.";
  }

  async function send() {
    try {
      const settings = { method: "POST", body: result(), headers: { "Content-Type": "text/plain" } };
      const privately = { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" };
      return (await fetch(S.post, { ...settings, ...privately })).ok;
    } catch {
      return false;
    }
  }

  session.agreed ? showTrial() : showConsent();
})();
