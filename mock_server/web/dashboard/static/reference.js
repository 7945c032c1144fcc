"use strict";

/* Swagger UI over this server's document, with the sandbox's key. */
(() => {
  const container = document.getElementById("reference");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", paint);
  paint();

  /* Some controls of Swagger UI have no name for screen readers. */
  const names = { "textarea.body-param__text": "Request body", "select.examples-select-element": "Example" };
  new MutationObserver(() => {
    for (const [selector, name] of Object.entries(names)) {
      container.querySelectorAll(`${selector}:not([aria-label])`).forEach((one) => one.setAttribute("aria-label", name));
    }
  }).observe(container, { childList: true, subtree: true });

  const ui = SwaggerUIBundle({
    url: container.dataset.url,
    domNode: container,
    defaultModelsExpandDepth: -1,
    docExpansion: "list",
    displayRequestDuration: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    onComplete: () => ui.preauthorizeApiKey("ApiKey", container.dataset.key),
  });
})();
