/** Where the image lies on the screen: fit, zoom at a point, pan, and how finely to sample. */

/**
 * What is in view. `x`, `y` is the image point (in image pixels, origin at the top left corner) at the stage's centre;
 * `zoom` is relative to the whole image fitting the stage.
 * @typedef {{x: number, y: number, zoom: number}} View
 *
 * @typedef {{width: number, height: number}} Size
 *
 * Screen pixel (px, py), origin top left, shows the image at x0 + (px + 0.5) * dx, y0 + (py + 0.5) * dy.
 * @typedef {{width: number, height: number, x0: number, y0: number, dx: number, dy: number}} Placement
 */

export const MAX_ZOOM = 32;

/** @param {import("./header.js").Header} header @returns {View} */
export function wholeImage(header) {
  return { x: header.columns / 2, y: header.rows / 2, zoom: 1 };
}

/**
 * How tall a pixel is beside its width.
 * @param {import("./header.js").Header} header
 */
export function pixelAspect(header) {
  return header.spacing ? header.spacing[0] / header.spacing[1] : 1;
}

/**
 * Screen pixels per image column at this view.
 * @param {import("./header.js").Header} header
 * @param {View} view
 * @param {Size} stage
 */
export function scaleOf(header, view, stage) {
  const fit = Math.min(stage.width / header.columns, stage.height / (header.rows * pixelAspect(header)));
  return fit * view.zoom;
}

/**
 * @param {import("./header.js").Header} header
 * @param {View} view
 * @param {Size} stage
 * @returns {Placement}
 */
export function place(header, view, stage) {
  const scale = scaleOf(header, view, stage);
  const dx = 1 / scale;
  const dy = 1 / (scale * pixelAspect(header));
  return {
    width: stage.width,
    height: stage.height,
    x0: view.x - (stage.width / 2) * dx,
    y0: view.y - (stage.height / 2) * dy,
    dx,
    dy,
  };
}

/** One screen pixel for each image pixel. @param {import("./header.js").Header} header @returns {Placement} */
export function nativePlacement(header) {
  return { width: header.columns, height: header.rows, x0: 0, y0: 0, dx: 1, dy: 1 };
}

/**
 * Zoom so that the image point under (px, py) stays where it is.
 * @param {import("./header.js").Header} header
 * @param {View} view
 * @param {Size} stage
 * @param {number} factor
 * @param {number} px from the stage's left
 * @param {number} py from the stage's top
 * @returns {View}
 */
export function zoomAt(header, view, stage, factor, px, py) {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, view.zoom * factor));
  const before = place(header, view, stage);
  const after = place(header, { ...view, zoom }, stage);
  const x = before.x0 + px * before.dx - (px - stage.width / 2) * after.dx;
  const y = before.y0 + py * before.dy - (py - stage.height / 2) * after.dy;
  return within(header, { x, y, zoom }, stage);
}

/**
 * Move the image by (px, py) screen pixels.
 * @param {import("./header.js").Header} header
 * @param {View} view
 * @param {Size} stage
 * @param {number} px
 * @param {number} py
 * @returns {View}
 */
export function panBy(header, view, stage, px, py) {
  const { dx, dy } = place(header, view, stage);
  return within(header, { x: view.x - px * dx, y: view.y - py * dy, zoom: view.zoom }, stage);
}

/**
 * Keep the image on the stage: centred where it is smaller, without a gap where it is larger.
 * @param {import("./header.js").Header} header
 * @param {View} view
 * @param {Size} stage
 * @returns {View}
 */
export function within(header, view, stage) {
  const { dx, dy } = place(header, view, stage);
  return {
    x: keep(view.x, header.columns, (stage.width / 2) * dx),
    y: keep(view.y, header.rows, (stage.height / 2) * dy),
    zoom: view.zoom,
  };
}

/** @param {number} centre @param {number} length @param {number} half */
function keep(centre, length, half) {
  if (half * 2 >= length) {
    return length / 2;
  }
  return Math.min(length - half, Math.max(half, centre));
}

/**
 * Samples per screen pixel and axis: more than one where the image is shown smaller than it is, so that no line is
 * skipped. A bilinear sample reaches a pixel to either side, so they may lie one and a half apart.
 * @param {Placement} placement
 * @param {boolean} fine
 */
export function taps(placement, fine) {
  const step = Math.max(placement.dx, placement.dy);
  return fine && step > 1.0001 ? Math.min(6, Math.max(2, Math.ceil(step / 1.5))) : 1;
}
