"use strict";

/* Buttons that copy the text of the element they name. Without access to the clipboard, the text is selected. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.dataset.label || (button.dataset.label = button.textContent);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    window.getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = label; }, 2000);
});

/* On a narrow screen the current page's link is scrolled into view. */
const current = document.querySelector("nav [aria-current]");
if (current) current.parentElement.scrollLeft = current.offsetLeft - 60;

/* The highlight in a body is scrolled into view within its box. */
const reveal = (scope) => scope.querySelectorAll("pre").forEach((box) => {
  const mark = box.querySelector("mark");
  if (mark) box.scrollTop = mark.offsetTop - Math.max(0, (box.clientHeight - mark.offsetHeight) / 3);
});
document.addEventListener("toggle", (event) => { if (event.target.open) reveal(event.target); }, true);
reveal(document);
