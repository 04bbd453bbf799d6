/** The Canvas back-end: the shader's arithmetic on the processor, for computers without graphics acceleration. */

import { DIVERGING, SEQUENTIAL } from "./colours.js";
import { taps } from "./geometry.js";
import { SURROUND, turned } from "./scene.js";
import { voiFunction } from "./voi.js";

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {import("./scene.js").Backend}
 */
export function canvasBackend(canvas) {
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) {
    throw new Error("This browser cannot draw images.");
  }
  return new CanvasBackend(context);
}

/** @implements {import("./scene.js").Backend} */
class CanvasBackend {
  /** @param {CanvasRenderingContext2D} context */
  constructor(context) {
    this.name = "canvas";
    this.context = context;
    this.half = document.createElement("canvas");
  }

  /**
   * @param {import("./scene.js").Scene} scene
   * @param {import("./geometry.js").Placement} placement
   * @param {boolean} fine false while something moves: half the size, scaled up
   */
  draw(scene, placement, fine) {
    if (fine) {
      this.context.putImageData(pixelsOf(scene, placement, true), 0, 0);
      return;
    }
    const small = halved(placement);
    this.half.width = small.width;
    this.half.height = small.height;
    this.half.getContext("2d")?.putImageData(pixelsOf(scene, small, false), 0, 0);
    this.context.imageSmoothingEnabled = true;
    this.context.drawImage(this.half, 0, 0, small.width * 2, small.height * 2);
  }

  /**
   * @param {import("./scene.js").Scene} scene
   * @param {import("./geometry.js").Placement} placement
   */
  read(scene, placement) {
    return new Uint8Array(pixelsOf(scene, placement, true).data.buffer);
  }

  dispose() {
    this.half.width = 0;
  }
}

/** @param {import("./geometry.js").Placement} placement */
function halved(placement) {
  return {
    ...placement,
    width: Math.ceil(placement.width / 2),
    height: Math.ceil(placement.height / 2),
    dx: placement.dx * 2,
    dy: placement.dy * 2,
  };
}

/**
 * Samples along one axis: index of the two neighbours and how far the point lies between them; -1 outside.
 * @param {number} count
 * @param {number} start
 * @param {number} step
 * @param {number} length
 */
function samples(count, start, step, length) {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const part = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const point = start + (i + 0.5) * step;
    if (point < 0 || point >= length) {
      low[i] = -1;
      continue;
    }
    const at = Math.min(Math.max(point - 0.5, 0), length - 1);
    low[i] = Math.floor(at);
    high[i] = Math.min(low[i] + 1, length - 1);
    part[i] = at - low[i];
  }
  return { low, high, part };
}

/**
 * @param {import("./scene.js").Scene} scene
 * @param {import("./geometry.js").Placement} placement
 * @param {boolean} fine
 */
function pixelsOf(scene, placement, fine) {
  const { width, height } = placement;
  const n = taps(placement, fine);
  const across = samples(width * n, placement.x0, placement.dx / n, scene.header.columns);
  const down = samples(height * n, placement.y0, placement.dy / n, scene.header.rows);
  const paint = painter(scene);
  const result = new ImageData(width, height);
  const target = result.data;
  const sum = new Float64Array(3);
  const share = 1 / (n * n);
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0; column < width; column++, to += 4) {
      sum.fill(0);
      for (let j = row * n; j < (row + 1) * n; j++) {
        for (let i = column * n; i < (column + 1) * n; i++) {
          if (across.low[i] < 0 || down.low[j] < 0) {
            sum[0] += SURROUND;
            sum[1] += SURROUND;
            sum[2] += SURROUND;
          } else {
            paint(sum, across.low[i], across.high[i], across.part[i], down.low[j], down.high[j], down.part[j]);
          }
        }
      }
      target[to] = Math.floor(sum[0] * share + 0.5);
      target[to + 1] = Math.floor(sum[1] * share + 0.5);
      target[to + 2] = Math.floor(sum[2] * share + 0.5);
      target[to + 3] = 255;
    }
  }
  return result;
}

/**
 * A function that adds one sample's colour to a sum.
 * @param {import("./scene.js").Scene} scene
 */
function painter(scene) {
  const { image, map, header } = scene;
  const { columns, offset, slope, intercept } = header;
  const windowed = voiFunction(scene.window, header.voi);
  const coloured = header.format === "rgba8";
  const back = turned(scene);
  const table = scene.signed ? DIVERGING : SEQUENTIAL;
  const opacity = map && scene.overlay ? scene.opacity : 0;
  const even = scene.blend === "even";
  const { signed } = scene;

  /**
   * @param {Float64Array} sum
   * @param {number} x0 @param {number} x1 @param {number} fx
   * @param {number} y0 @param {number} y1 @param {number} fy
   */
  return (sum, x0, x1, fx, y0, y1, fy) => {
    const a = y0 * columns + x0;
    const b = y0 * columns + x1;
    const c = y1 * columns + x0;
    const d = y1 * columns + x1;
    const wa = (1 - fx) * (1 - fy);
    const wb = fx * (1 - fy);
    const wc = (1 - fx) * fy;
    const wd = fx * fy;
    let red;
    let green;
    let blue;
    if (coloured) {
      red = image[4 * a] * wa + image[4 * b] * wb + image[4 * c] * wc + image[4 * d] * wd;
      green = image[4 * a + 1] * wa + image[4 * b + 1] * wb + image[4 * c + 1] * wc + image[4 * d + 1] * wd;
      blue = image[4 * a + 2] * wa + image[4 * b + 2] * wb + image[4 * c + 2] * wc + image[4 * d + 2] * wd;
    } else {
      const value = image[a] * wa + image[b] * wb + image[c] * wc + image[d] * wd;
      red = green = blue = windowed((value - offset) * slope + intercept);
    }
    if (back) {
      red = 255 - red;
      green = 255 - green;
      blue = 255 - blue;
    }
    if (opacity > 0 && map) {
      const value = map[a] * wa + map[b] * wb + map[c] * wc + map[d] * wd;
      const weight = signed ? Math.min(Math.abs(value - 128) / 127, 1) : value / 255;
      const alpha = even ? opacity : opacity * weight;
      const entry = 3 * Math.floor(value + 0.5);
      red += (table[entry] - red) * alpha;
      green += (table[entry + 1] - green) * alpha;
      blue += (table[entry + 2] - blue) * alpha;
    }
    sum[0] += red;
    sum[1] += green;
    sum[2] += blue;
  };
}
