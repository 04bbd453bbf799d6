/** What keys and buttons can ask of a viewer, by name. */

import { wholeImage } from "./geometry.js";
import { startState } from "./state.js";

const ZOOM_STEP = 1.25;
const PAN_STEP = 48;
const OPACITY_STEP = 0.1;
const THRESHOLD_STEP = 0.05;

/** @typedef {import("./viewer.js").Shown} Shown a viewer that shows an image */

/** @type {Record<string, (viewer: Shown) => void>} */
const ACTIONS = {
  overlay: (viewer) => viewer.setOverlay(!viewer.state.overlay),
  hold: (viewer) => viewer.hold(true),
  fainter: (viewer) => viewer.setOpacity(viewer.state.opacity - OPACITY_STEP),
  stronger: (viewer) => viewer.setOpacity(viewer.state.opacity + OPACITY_STEP),
  lines: (viewer) => viewer.setBlend(viewer.state.blend === "lines" ? "weighted" : "lines"),
  "less-weak": (viewer) => viewer.setThreshold(viewer.state.threshold + THRESHOLD_STEP),
  "more-weak": (viewer) => viewer.setThreshold(viewer.state.threshold - THRESHOLD_STEP),
  invert: (viewer) => viewer.setInvert(!viewer.state.invert),
  "zoom-in": (viewer) => zoom(viewer, ZOOM_STEP),
  "zoom-out": (viewer) => zoom(viewer, 1 / ZOOM_STEP),
  left: (viewer) => viewer.pan(PAN_STEP, 0),
  right: (viewer) => viewer.pan(-PAN_STEP, 0),
  up: (viewer) => viewer.pan(0, PAN_STEP),
  down: (viewer) => viewer.pan(0, -PAN_STEP),
  "previous-slice": (viewer) => viewer.setSlice(viewer.state.slice - 1),
  "next-slice": (viewer) => viewer.setSlice(viewer.state.slice + 1),
  fit: (viewer) => viewer.look(wholeImage(viewer.header), "zoom"),
  reset: (viewer) => viewer.set(startState(viewer.header, viewer.options), "reset", { shown: viewer.options.overlay }),
  "tool-window": (viewer) => viewer.setTool("window"),
  "tool-pan": (viewer) => viewer.setTool("pan"),
  help: (viewer) => viewer.help(),
};

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {string} name
 * @returns {boolean} whether there is such an action, and an image for it
 */
export function act(viewer, name) {
  const action = ACTIONS[name];
  if (!action || !viewer.isShown()) {
    return false;
  }
  viewer.fine = true;
  action(viewer);
  return true;
}

/** About the middle of the stage. @param {Shown} viewer @param {number} factor */
function zoom(viewer, factor) {
  const { width, height } = viewer.size();
  viewer.zoom(factor, width / 2, height / 2);
}
