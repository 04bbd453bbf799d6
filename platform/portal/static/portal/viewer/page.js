/** The page's side of a viewer: its buttons, sliders, fields and keys, turned into calls. */

import { act } from "./actions.js";
import { all } from "./controls.js";
import { listen } from "./gestures.js";
import { actionFor } from "./keys.js";
import { rememberSingle } from "./settings.js";
import { blendOf } from "./state.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */

/** @param {Viewer} viewer @param {AbortSignal} signal */
export function bind(viewer, signal) {
  const { root } = viewer;
  const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ handle) =>
    root.addEventListener(type, handle, { signal });
  on("viewer:flush", () => viewer.reporter.close());
  on("viewer:load", () => viewer.load());
  on("click", (event) => clicked(viewer, event));
  on("input", (event) => changed(viewer, event));
  on("change", (event) => settled(viewer, event));
  on("keydown", (event) => keyDown(viewer, event));
  on("keyup", (event) => event.key.toLowerCase() === "h" && viewer.hold(false));
  on("focusout", (event) => left(viewer, event));
  all(root, "[data-viewer-hold]").forEach((button) => bindHold(viewer, button, signal));
  window.addEventListener("blur", () => viewer.hold(false), { signal });
  listen(viewer.stage, intents(viewer), signal);
}

/** @param {Viewer} viewer @param {HTMLElement} button @param {AbortSignal} signal */
function bindHold(viewer, button, signal) {
  button.addEventListener("pointerdown", () => viewer.hold(true), { signal });
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
    button.addEventListener(end, () => viewer.hold(false), { signal });
  }
  button.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && viewer.hold(true), { signal });
  button.addEventListener("keyup", () => viewer.hold(false), { signal });
}

/** @param {Viewer} viewer @returns {import("./gestures.js").Intents} */
function intents(viewer) {
  const moving = (/** @type {() => void} */ move) => {
    viewer.fine = false;
    move();
  };
  return {
    zoom: (factor, px, py) => moving(() => viewer.zoom(factor, px, py)),
    pan: (px, py) => moving(() => viewer.pan(px, py)),
    window: (across, down) => moving(() => dragWindow(viewer, across, down)),
    slice: (steps) => viewer.state && viewer.setSlice(viewer.state.slice + steps),
    fit: () => act(viewer, "fit"),
    rest: () => viewer.rest(),
    tool: () => viewer.tool,
    pen: () => viewer.pen,
    pointer: (type) => viewer.pointedBy(type),
    volume: () => (viewer.header?.slices ?? 1) > 1,
  };
}

/**
 * Right is wider, up is brighter; the wider the window, the larger the step.
 * @param {Viewer} viewer @param {number} across @param {number} down
 */
function dragWindow(viewer, across, down) {
  if (viewer.state && viewer.header?.format === "uint16") {
    const { centre, width } = viewer.state.window;
    viewer.setWindow({ centre: centre + (down * width) / 300, width: width * Math.exp(across / 300) });
  }
}

/** @param {Viewer} viewer @param {MouseEvent} event */
function clicked(viewer, event) {
  const button = event.target instanceof Element ? event.target.closest("[data-viewer-action]") : null;
  if (button instanceof HTMLElement) {
    const action = button.dataset.viewerAction ?? "";
    if (action === "retry") {
      viewer.load();
    } else if (action === "close-help") {
      viewer.root.querySelector("dialog")?.close();
    } else {
      act(viewer, action);
    }
  }
}

/** A slider or field moves. @param {Viewer} viewer @param {Event} event */
function changed(viewer, event) {
  const input = event.target;
  if (!viewer.state || !(input instanceof HTMLInputElement) || input.value === "") {
    return;
  }
  const value = Number(input.value);
  viewer.fine = input.type !== "range";
  switch (input.dataset.viewerField) {
    case "opacity":
      viewer.setOpacity(value / 100);
      break;
    case "threshold":
      viewer.setThreshold(value / 100);
      break;
    case "centre":
      viewer.setWindow({ ...viewer.state.window, centre: value });
      break;
    case "width":
      viewer.setWindow({ ...viewer.state.window, width: value });
      break;
    case "slice":
      viewer.setSlice(value - 1);
      break;
  }
}

/** A choice is made, or a slider let go. @param {Viewer} viewer @param {Event} event */
function settled(viewer, event) {
  const control = event.target;
  viewer.rest();
  if (control instanceof HTMLSelectElement && control.dataset.viewerField === "preset") {
    choosePreset(viewer, control.value);
  }
  if (control instanceof HTMLSelectElement && control.dataset.viewerField === "blend") {
    viewer.setBlend(blendOf(control.value));
  }
  if (!(control instanceof HTMLInputElement)) {
    return;
  }
  switch (control.dataset.viewerField) {
    case "overlay":
      viewer.setOverlay(control.checked);
      break;
    case "invert":
      viewer.setInvert(control.checked);
      break;
    case "keys":
      viewer.single = control.checked;
      rememberSingle(control.checked);
      break;
    case "link":
      viewer.setLinked(control.checked);
      break;
  }
}

/** @param {Viewer} viewer @param {string} value */
function choosePreset(viewer, value) {
  const window = value === "default" ? viewer.header?.window : viewer.header?.presets[Number(value)];
  if (window) {
    viewer.setWindow(window);
  } else {
    viewer.draw();
  }
}

/** A layer above the image may have taken the key already. @param {Viewer} viewer @param {KeyboardEvent} event */
function keyDown(viewer, event) {
  if (event.defaultPrevented || (event.target instanceof Element && event.target.closest("dialog"))) {
    return;
  }
  const action = actionFor(event, viewer.stage, viewer.single);
  if (action && (action === "hold" && event.repeat ? true : act(viewer, action))) {
    event.preventDefault();
  }
}

/** With the focus goes the key's release. @param {Viewer} viewer @param {FocusEvent} event */
function left(viewer, event) {
  if (!(event.relatedTarget instanceof Node && viewer.root.contains(event.relatedTarget))) {
    viewer.hold(false);
  }
}
