/** The colour bar beside the image: always there when a map is. */

import { DIVERGING, SEQUENTIAL } from "./colours.js";

/**
 * Paint the bar, strongest at the top.
 * @param {HTMLCanvasElement} canvas
 * @param {boolean} signed
 */
export function paintLegend(canvas, signed) {
  const table = signed ? DIVERGING : SEQUENTIAL;
  const lowest = signed ? 1 : 0;
  canvas.width = 1;
  canvas.height = 256 - lowest;
  const image = new ImageData(1, canvas.height);
  for (let row = 0; row < canvas.height; row++) {
    const entry = 3 * (255 - row);
    image.data.set([table[entry], table[entry + 1], table[entry + 2], 255], 4 * row);
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
