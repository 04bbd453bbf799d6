/** The map as lines of equal strength, for those who would rather see no colour over the image. */

/**
 * Where lines run, as values of the map: at a quarter, half and three quarters of the full strength (between two steps, so that no plateau lies on a line), and the entries
 * of the colour table that they are drawn in, bright enough to be seen. Written into the shader as well.
 * @typedef {{levels: number[], entries: number[]}} Lines
 */

/** @type {Lines} */
export const SEQUENTIAL_LINES = { levels: [63.5, 127.5, 191.5], entries: [110, 180, 250] };

/** @type {Lines} */
export const DIVERGING_LINES = {
  levels: [32.5, 64.5, 96.5, 159.5, 191.5, 223.5],
  entries: [3, 38, 73, 183, 218, 253],
};

/** A map's slope is measured over so many pixels to either side. */
export const REACH = 2;

/** How dark the casing beside a line is, and how wide in pixels. */
export const CASING = 0.6;
export const CASING_WIDTH = 1;

/** @param {boolean} signed */
export function linesOf(signed) {
  return signed ? DIVERGING_LINES : SEQUENTIAL_LINES;
}

/** Lines are thin: half the opacity already draws them fully. @param {number} opacity */
export function lineOpacity(opacity) {
  return Math.min(1, 2 * opacity);
}

/**
 * The least strength that is shown, in the map's steps (of 255, or of 127 where it is signed); halves, so that no
 * stored value lies on it.
 * @param {number} threshold 0 to 1 @param {boolean} signed
 */
export function cutOf(threshold, signed) {
  return threshold > 0 ? Math.round(threshold * (signed ? 127 : 255)) - 0.5 : -1;
}

/** @param {number} value of the map @param {boolean} signed @returns {number} its strength in the map's steps */
export function strengthOf(value, signed) {
  return signed ? Math.abs(value - 128) : value;
}
