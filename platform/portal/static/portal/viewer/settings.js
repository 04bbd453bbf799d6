/** What a reader chose for this browser once and for all images. */

const SINGLE = "viewer:single-keys";

/** Whether single keys act inside the viewer. @returns {boolean} */
export function singleKeys() {
  try {
    return localStorage.getItem(SINGLE) !== "off";
  } catch {
    return true;
  }
}

/** @param {boolean} on */
export function rememberSingle(on) {
  try {
    localStorage.setItem(SINGLE, on ? "on" : "off");
  } catch {
    // Without storage the choice holds for this page.
  }
}
