/** The viewer's keys. Digits and Enter are left to the answer form. */

/** Letters and signs: only while the viewer has the focus, and only if they are switched on. @type {Record<string, string>} */
const SINGLE = {
  o: "overlay",
  h: "hold",
  "[": "fainter",
  "]": "stronger",
  l: "lines",
  ",": "more-weak",
  ".": "less-weak",
  i: "invert",
  r: "reset",
  "+": "zoom-in",
  "=": "zoom-in",
  "-": "zoom-out",
  "?": "help",
};

/** Keys that type nothing. @type {Record<string, string>} */
const NAMED = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  PageUp: "previous-slice",
  PageDown: "next-slice",
};

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} stage
 * @param {boolean} single whether single keys are switched on
 * @returns {string | null} the action this key asks for
 */
export function actionFor(event, stage, single) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return null;
  }
  const onStage = event.target === stage;
  if (onStage && event.key in NAMED) {
    return NAMED[event.key];
  }
  if (!single || typesInto(event.target)) {
    return null;
  }
  return SINGLE[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
}

/** Whether letters mean something to this control already. @param {EventTarget | null} target */
function typesInto(target) {
  if (target instanceof HTMLInputElement) {
    return !["range", "checkbox", "radio", "button"].includes(target.type);
  }
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}
