"use strict";

/* Puts exchanges at the top of the list as they arrive. The server has escaped everything in `html`. */
(() => {
  const MAX_ITEMS = 200;
  const list = document.getElementById("exchanges");
  if (!list.dataset.events) return;
  const status = document.getElementById("announcement");
  const pause = document.getElementById("pause");
  let last = 0;
  let source = null;

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
  const open = () => {
    const url = new URL(list.dataset.events, location.href);
    if (last) url.searchParams.set("after", String(last));
    source = new EventSource(url);
    source.onmessage = show;
  };
  const close = () => { if (source) source.close(); source = null; };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    const paused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(paused));
    if (paused) close(); else open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && pause.getAttribute("aria-pressed") !== "true") open();
  });
  open();
})();
