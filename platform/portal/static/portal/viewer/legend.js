/** The colour bar beside the image: always there when a map is. */

import { DIVERGING, SEQUENTIAL } from "./colours.js";
import { cutOf, linesOf, strengthOf } from "./lines.js";

const GROUND = [24, 25, 26]; // the panel: nothing is shown of this strength
const LINE = 3;

/**
 * Paint the bar, strongest at the top: all colours, or the lines alone; what is not shown is left out.
 * @param {HTMLCanvasElement} canvas
 * @param {{signed: boolean, blend: string, threshold: number}} look
 */
export function paintLegend(canvas, { signed, blend, threshold }) {
  const table = signed ? DIVERGING : SEQUENTIAL;
  const lowest = signed ? 1 : 0;
  const cut = cutOf(threshold, signed);
  const { levels, entries } = linesOf(signed);
  canvas.width = 1;
  canvas.height = 256 - lowest;
  const image = new ImageData(1, canvas.height);
  for (let row = 0; row < canvas.height; row++) {
    const value = 255 - row;
    const line = levels.findIndex((level) => Math.abs(level - value) <= LINE);
    const entry = blend !== "lines" ? value : line < 0 ? -1 : entries[line];
    const shown = entry >= 0 && strengthOf(blend === "lines" ? levels[line] : value, signed) >= cut;
    const colour = shown ? table.subarray(3 * entry, 3 * entry + 3) : GROUND;
    image.data.set([...colour, 255], 4 * row);
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
