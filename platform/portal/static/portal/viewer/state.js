/** What a reader can change, and where it starts: the same for every image and every map. */

import { wholeImage } from "./geometry.js";

/** @typedef {"weighted" | "even" | "lines"} Blend */

/**
 * @typedef {object} State
 * @property {import("./geometry.js").View} view
 * @property {import("./voi.js").VoiWindow} window
 * @property {boolean} invert
 * @property {boolean} overlay
 * @property {boolean} held the overlay is hidden as long as a key or button is held
 * @property {number} opacity
 * @property {Blend} blend how the map lies over the image
 * @property {number} threshold 0 to 1: what is weaker is not shown
 * @property {number} slice
 */

/**
 * @param {import("./header.js").Header} header
 * @param {{opacity: number, overlay: boolean, blend: Blend}} options
 * @returns {State}
 */
export function startState(header, options) {
  return {
    view: wholeImage(header),
    window: { centre: header.window.centre, width: header.window.width },
    invert: false,
    overlay: options.overlay,
    held: false,
    opacity: options.opacity,
    blend: options.blend,
    threshold: 0,
    slice: Math.floor(header.slices / 2),
  };
}

/** The narrowest window that means something. @param {import("./header.js").Header} header */
export function narrowest(header) {
  return header.voi === "LINEAR" ? 1 : Math.max((header.range[1] - header.range[0]) / 10000, 1e-6);
}

/** @param {string} text @returns {Blend} */
export function blendOf(text) {
  return text === "even" || text === "lines" ? text : "weighted";
}
