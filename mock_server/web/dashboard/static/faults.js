"use strict";

/* Sets and clears the fault plan over the admin API. */
(() => {
  const form = document.getElementById("plan");
  const rules = document.getElementById("rules");
  const outcome = document.getElementById("outcome");

  const showError = (text) => { outcome.textContent = text; outcome.classList.add("violation"); };
  const send = async (method, body) => {
    try {
      const response = await fetch(form.dataset.url, {
        method, body, headers: body ? { "Content-Type": "application/json" } : {},
      });
      if (response.ok) location.reload();
      else showError((await response.json()).errors.join("\n"));
    } catch (error) {
      showError(`The server could not be reached: ${error.message}`);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      send("PUT", JSON.stringify(JSON.parse(rules.value)));
    } catch (error) {
      showError(`This is not JSON: ${error.message}`);
      rules.focus();
    }
  });
  form.addEventListener("click", (event) => {
    const { plan } = event.target.dataset;
    if (plan) { rules.value = plan; rules.focus(); }
  });
  document.getElementById("clear").addEventListener("click", () => send("DELETE"));
})();
