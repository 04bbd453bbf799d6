/** The native buttons, sliders and fields around the stage, kept in step with the state. */

import { narrowest } from "./state.js";

/**
 * Show what applies to this image and set the ranges.
 * @param {HTMLElement} root
 * @param {import("./header.js").Header} header
 * @param {{map: boolean, linked: boolean}} has
 */
export function prepare(root, header, has) {
  const grey = header.format !== "rgba8";
  const when = { grey, colour: !grey, volume: header.slices > 1, map: has.map, linked: has.linked };
  for (const part of all(root, "[data-viewer-when]")) {
    part.hidden = !when[/** @type {keyof typeof when} */ (part.dataset.viewerWhen)];
  }
  const [low, high] = header.range;
  const span = Math.max(high - low, narrowest(header));
  const step = span >= 50 ? 1 : span / 500;
  const widest = Math.max(span * 1.5, header.window.width * 2);
  bounds(root, "centre", Math.min(low, header.window.centre), Math.max(high, header.window.centre), step);
  bounds(root, "width", narrowest(header), widest, step);
  bounds(root, "slice", 1, header.slices, 1);
  presets(root, header);
}

/**
 * @param {HTMLElement} root
 * @param {string} field
 * @param {number} low
 * @param {number} high
 * @param {number} step
 */
function bounds(root, field, low, high, step) {
  for (const input of fields(root, field)) {
    if (input.type === "number" && field !== "slice") {
      input.step = "any";
      continue;
    }
    input.min = String(low);
    input.max = String(high);
    input.step = String(step);
  }
}

/** @param {HTMLElement} root @param {import("./header.js").Header} header */
function presets(root, header) {
  for (const select of /** @type {HTMLSelectElement[]} */ (all(root, "select[data-viewer-field=preset]"))) {
    const first = select.options[0];
    const custom = select.options[select.options.length - 1];
    const named = header.presets.map((preset, index) => new Option(preset.name || `${index + 1}`, String(index)));
    select.replaceChildren(first, ...named, custom);
  }
}

/**
 * Write the state into every control.
 * @param {HTMLElement} root
 * @param {import("./header.js").Header} header
 * @param {import("./state.js").State} state
 * @param {number} percent screen pixels per image pixel
 */
export function show(root, header, state, percent) {
  write(root, "centre", tidy(state.window.centre));
  write(root, "width", tidy(state.window.width));
  write(root, "opacity", String(Math.round(state.opacity * 100)));
  write(root, "threshold", String(Math.round(state.threshold * 100)));
  pick(root, "blend", state.blend);
  write(root, "slice", String(state.slice + 1));
  check(root, "overlay", state.overlay);
  check(root, "invert", state.invert);
  preset(root, header, state);
  say(root, "window", `W ${tidy(state.window.width)}   L ${tidy(state.window.centre)}`);
  say(root, "zoom", `${Math.round(percent)} %`);
  say(root, "slice", `${state.slice + 1} / ${header.slices}`);
  say(root, "threshold", `${Math.round(state.threshold * 100)} %`);
  say(root, "opacity", `${Math.round(state.opacity * 100)} %`);
}

/** @param {HTMLElement} root @param {import("./header.js").Header} header @param {import("./state.js").State} state */
function preset(root, header, state) {
  const same = (/** @type {import("./voi.js").VoiWindow} */ window) =>
    window.centre === state.window.centre && window.width === state.window.width;
  const index = header.presets.findIndex(same);
  const value = same(header.window) ? "default" : index >= 0 ? String(index) : "custom";
  pick(root, "preset", value);
}

/** @param {HTMLElement} root @param {string} field @param {string} value */
function pick(root, field, value) {
  for (const select of /** @type {HTMLSelectElement[]} */ (all(root, `select[data-viewer-field=${field}]`))) {
    select.value = value;
  }
}

/** @param {number} value */
function tidy(value) {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** A field that is being typed into is left alone. @param {HTMLElement} root @param {string} field @param {string} value */
function write(root, field, value) {
  for (const input of fields(root, field)) {
    if (input.type !== "number" || input !== document.activeElement) {
      input.value = value;
    }
  }
}

/** @param {HTMLElement} root @param {string} field @param {boolean} on */
export function check(root, field, on) {
  for (const input of fields(root, field)) {
    input.checked = on;
  }
}

/** @param {HTMLElement} root @param {string} readout @param {string} text */
export function say(root, readout, text) {
  for (const part of all(root, `[data-viewer-readout="${readout}"]`)) {
    if (part.textContent !== text) {
      part.textContent = text;
    }
  }
}

/** @param {HTMLElement} root @param {string} field @returns {HTMLInputElement[]} */
export function fields(root, field) {
  return /** @type {HTMLInputElement[]} */ (all(root, `input[data-viewer-field="${field}"]`));
}

/** @param {HTMLElement} root @param {string} selector @returns {HTMLElement[]} */
export function all(root, selector) {
  return [...root.querySelectorAll(selector)].map((part) => /** @type {HTMLElement} */ (part));
}
