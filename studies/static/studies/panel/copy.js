/** A button that puts a field's text on the clipboard and says so. Without scripts it does not appear. */

const SAID_FOR = 2000;

/** @param {HTMLButtonElement} button `data-copies` names the field */
export function copy(button) {
  const said = button.textContent ?? "";
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = /** @type {HTMLInputElement | HTMLTextAreaElement} */ (
      document.getElementById(button.dataset.copies ?? "")
    );
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      field.select(); // no clipboard without a secure connection: the text is selected, to be copied by hand
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => {
      button.textContent = said;
    }, SAID_FOR);
  });
}

for (const button of document.querySelectorAll('[data-controller="copy"]')) {
  copy(/** @type {HTMLButtonElement} */ (button));
}
