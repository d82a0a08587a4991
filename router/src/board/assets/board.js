// What a browser adds to the board, which reads and works without it: times of its own zone, clocks that run, pages that
// follow what happens, keys.
"use strict";
(() => {
  const one = (what, within = document) => within.querySelector(what);
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const day = new Intl.DateTimeFormat(undefined, {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const span = (ms) => {
    const minutes = Math.floor(Math.abs(ms) / 60000);
    if (minutes < 1) return Math.floor(Math.abs(ms) / 1000) + "s";
    if (minutes < 60) return minutes + "m";
    if (minutes < 48 * 60) return Math.floor(minutes / 60) + "h" + (minutes < 600 ? " " + (minutes % 60) + "m" : "");
    return Math.floor(minutes / 1440) + "d";
  };

  // Every time in the viewer's zone, UTC when pointed at; what counts down says how long.
  const clocks = (within) => {
    for (const time of all("time", within)) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf())) continue;
      const ms = at - Date.now();
      const utc = at.toISOString().replace("T", " ").replace(/\.\d+Z/, " UTC");
      const form = time.dataset.as;
      const text = form === "until" ? (ms < 0 ? "overdue " + span(ms) : span(ms) + " left")
        : form === "ago" ? (ms > 0 ? "in " + span(ms) : span(ms) + " ago")
        : day.format(at);
      if (time.textContent !== text) time.textContent = text;
      time.title = form ? day.format(at) + " (" + utc + ")" : utc;
      if (form === "until") time.classList.toggle("late", ms < 0);
    }
  };

  // What is on this page now, put in place of what was, without losing where the reader is.
  const live = one("#live");
  if (live) live.hidden = !one("main[data-live]");
  const says = (state, text) => {
    if (!live) return;
    live.className = "live " + state;
    if (live.textContent !== text) live.textContent = text;
  };
  let asking = false, again = false, known = document.body.dataset.tag || "";
  const follow = async () => {
    const main = one("main[data-live]");
    if (!main) return;
    if (asking || document.hidden) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "watchfire-part": "main", "if-none-match": known }, redirect: "error" });
      if (answer.status === 304) says("on", "live");
      else if (answer.ok) {
        known = answer.headers.get("etag") || "";
        const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
        if (next) {
          clocks(next);
          const before = new Set(all("[data-key]", main).map((card) => card.dataset.key));
          const on = one(".card.on", main)?.dataset.key;
          // What somebody has typed stays, wherever they are by now: a form is as its address says.
          const callbacks = {
            beforeNodeMorphed: (was) => !(was instanceof HTMLFormElement),
            beforeAttributeUpdated: (name) => name !== "open",
          };
          Idiomorph.morph(main, next, { morphStyle: "outerHTML", ignoreActiveValue: true, restoreFocus: true, callbacks });
          for (const card of all("[data-key]", main)) card.classList.toggle("new", !before.has(card.dataset.key));
          if (on) all("[data-key]", main).forEach((card) => card.classList.toggle("on", card.dataset.key === on));
          says("on", "live");
        }
      } else if (answer.status === 401) { says("off", "signed out: reload"); }
    } catch { says("off", "no connection"); }
    asking = false;
    if (again) { again = false; follow(); }
  };
  // Who is not looked at fetches nothing, and is as it is now as soon as it is.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && again) { again = false; follow(); }
  });
  if (one("main[data-live]") && "EventSource" in window) {
    const source = new EventSource("/board/live");
    let seen = null;
    source.onopen = () => says("on", "live");
    source.onerror = () => says("off", "connecting");
    source.onmessage = (message) => {
      if (seen !== message.data) follow();
      seen = message.data;
    };
    setInterval(follow, 60000);
  }
  clocks(document);
  setInterval(() => clocks(document), 1000);

  // The form of a link that signs in needs no click, once somebody looks at it.
  const go = one("form[data-go]");
  if (go && document.prerendering) document.addEventListener("prerenderingchange", () => go.requestSubmit(), { once: true });
  else if (go) go.requestSubmit();

  // A page as text, for a chat or a ticket.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-copy]");
    if (!link || !navigator.clipboard) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href);
      await navigator.clipboard.writeText(await answer.text());
      link.textContent = "Copied";
    } catch { location.href = link.href; }
  });
  // What is chosen from a list needs no button.
  document.addEventListener("change", (event) => {
    if (event.target.closest("form.filter") && event.target.matches("select, input[type=checkbox]")) event.target.form.requestSubmit();
  });

  // Keys, unless they are switched off or something is being typed.
  const help = one("#help");
  const keys = () => localStorage.getItem("keys") !== "off";
  const box = one("#keys");
  if (box) {
    box.checked = keys();
    box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  }
  for (const button of all("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  }
  for (const button of all("[data-close]")) button.addEventListener("click", () => help.close());
  const cards = () => all("[data-key]");
  const move = (by) => {
    const found = cards();
    if (!found.length) return;
    const at = found.findIndex((card) => card.classList.contains("on"));
    const next = found[Math.min(Math.max(at + by, 0), found.length - 1)];
    found.forEach((card) => card.classList.toggle("on", card === next));
    const link = one("a", next);
    link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  const press = (name) => {
    const link = one(".card.on [data-do=" + name + "]") || one("main > .actions [data-do=" + name + "], .box .actions [data-do=" + name + "]");
    if (link) link.click();
  };
  const pages = { n: "/", a: "/approvals", c: "/contained", s: "/silences", r: "/rules", t: "/stream", d: "/digest", h: "/health", w: "/why" };
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys()) return;
    if (event.target.closest("input, select, textarea") || (help && help.open)) return;
    if (event.key === "?") { event.preventDefault(); help.showModal(); return; }
    if (Date.now() - going < 1500 && pages[event.key]) { going = 0; location.href = pages[event.key]; return; }
    if (event.key === "g") { going = Date.now(); return; }
    const deeds = { a: "ack", t: "take", r: "resolve", s: "silence", y: "approve", n: "deny", u: "release" };
    if (event.key === "j" || event.key === "k") { event.preventDefault(); move(event.key === "j" ? 1 : -1); }
    else if (event.key === "/") {
      const field = one("#match, #of");
      if (field) { event.preventDefault(); field.closest("details")?.setAttribute("open", ""); field.focus(); }
    }
    else if ("0123*".includes(event.key)) one("[data-priority=" + (event.key === "*" ? "all" : "P" + event.key) + "]")?.click();
    else if (event.key === "c") { const link = one("a[data-copy]"); if (link) link.click(); }
    else if (deeds[event.key]) press(deeds[event.key]);
  });
})();
