"use strict";

/* Puts exchanges at the top of the list as they arrive, and says whether it does. The server has escaped everything in
   `html`. */
(() => {
  const MAX_ITEMS = 200;
  const list = document.getElementById("exchanges");
  if (!list.dataset.events) return;
  const status = document.getElementById("announcement");
  const pause = document.getElementById("pause");
  const live = document.getElementById("live");
  const resetNote = document.getElementById("reset-note");
  let last = 0;
  let source = null;

  const say = (state, text) => {
    live.hidden = false;
    live.dataset.state = state;
    live.textContent = text;
  };

  const show = (event) => {
    const { number, html, announcement } = JSON.parse(event.data);
    if (number <= last) return;
    last = number;
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const item = holder.content.querySelector("li");
    if (list.querySelector(`:scope > [data-number="${number}"]`)) return;
    item.classList.add("new");
    list.prepend(item);
    document.getElementById("none")?.remove();
    while (list.children.length > MAX_ITEMS) list.lastElementChild.remove();
    status.textContent = `New exchange: ${announcement}`;
  };
  const reset = (event) => {
    const { last: before, at } = JSON.parse(event.data);
    last = before;
    list.replaceChildren();
    document.getElementById("none")?.remove();
    resetNote.textContent = `The sandbox was reset at ${at} UTC. Its earlier exchanges are deleted.`;
    resetNote.hidden = false;
  };
  const gap = () => {
    const item = document.createElement("li");
    item.className = "soft";
    item.textContent = "Many exchanges came at once, and earlier ones are left out here; reload the page to see them.";
    list.prepend(item);
  };
  const open = () => {
    const url = new URL(list.dataset.events, location.href);
    if (last) url.searchParams.set("after", String(last));
    source = new EventSource(url);
    source.onmessage = show;
    source.addEventListener("reset", reset);
    source.addEventListener("gap", gap);
    source.onopen = () => say("live", "Live");
    source.onerror = () => {
      const tries = source.readyState !== EventSource.CLOSED;
      say("lost", tries ? "Connection lost, trying again" : "Connection lost; reload the page");
    };
  };
  const close = () => { if (source) source.close(); source = null; };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    const paused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(paused));
    if (!paused) return open();
    close();
    say("paused", "Paused");
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && pause.getAttribute("aria-pressed") !== "true") open();
  });
  open();
})();
