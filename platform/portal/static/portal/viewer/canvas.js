/** The Canvas back-end: the shader's arithmetic on the processor, for computers without graphics acceleration. */

import { DIVERGING, SEQUENTIAL } from "./colours.js";
import { taps } from "./geometry.js";
import { CASING, CASING_WIDTH, REACH, cutOf, lineOpacity, linesOf, strengthOf } from "./lines.js";
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
    this.uploads = 0;
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
  const paint = painter(scene, placement);
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
 * What a sample of the map lays over the image: darkness first, then a colour.
 * @typedef {{shade: number, entry: number, alpha: number}} Over
 */

/**
 * Per image pixel, over so far to either side along one axis.
 * @param {Uint8Array} map @param {number} start @param {number} at @param {number} count @param {number} stride
 */
function change(map, start, at, count, stride) {
  const one = Math.max(at - REACH, 0);
  const two = Math.min(at + REACH, count - 1);
  return one === two ? 0 : (map[start + two * stride] - map[start + one * stride]) / (two - one);
}

/** @param {import("./scene.js").Scene} scene @param {Over} over @returns {(value: number) => void} */
function filler({ signed, blend, opacity, threshold }, over) {
  const cut = cutOf(threshold, signed);
  const full = signed ? 127 : 255;
  const even = blend === "even";
  return (value) => {
    const strength = strengthOf(value, signed);
    over.entry = 3 * Math.floor(value + 0.5);
    over.alpha = strength < cut ? 0 : even ? opacity : opacity * Math.min(strength / full, 1);
  };
}

/** @param {import("./scene.js").Scene} scene @param {Over} over @returns {(value: number, slope: number) => void} */
function liner({ signed, opacity, threshold, lineHalf }, over) {
  const cut = cutOf(threshold, signed);
  const { levels, entries } = linesOf(signed);
  const drawn = levels.map((level, index) => ({ level, entry: 3 * entries[index] })).filter(({ level }) => strengthOf(level, signed) >= cut);
  const most = lineOpacity(opacity);
  return (value, slope) => {
    let nearest = 1e9;
    for (const { level, entry } of drawn) {
      const away = Math.abs(value - level) / Math.max(slope, 0.001);
      if (away < nearest) {
        nearest = away;
        over.entry = entry;
      }
    }
    over.shade = CASING * most * Math.min(Math.max(lineHalf + CASING_WIDTH + 0.5 - nearest, 0), 1);
    over.alpha = most * Math.min(Math.max(lineHalf + 0.5 - nearest, 0), 1);
  };
}

/**
 * A function that adds one sample's colour to a sum.
 * @param {import("./scene.js").Scene} scene
 * @param {import("./geometry.js").Placement} placement
 */
function painter(scene, placement) {
  const { image, map, header } = scene;
  const { columns, rows, offset, slope, intercept } = header;
  const windowed = voiFunction(scene.window, header.voi);
  const coloured = header.format === "rgba8";
  const back = turned(scene);
  const table = scene.signed ? DIVERGING : SEQUENTIAL;
  const opacity = map && scene.overlay ? scene.opacity : 0;
  const lined = scene.blend === "lines";
  const over = { shade: 0, entry: 0, alpha: 0 };
  const fill = filler(scene, over);
  const line = liner(scene, over);
  const { dx: stepX, dy: stepY } = placement;

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
      if (lined) {
        const [column, row] = [fx < 0.5 ? x0 : x1, fy < 0.5 ? y0 : y1];
        const across = change(map, row * columns, column, columns, 1) * stepX;
        const down = change(map, column, row, rows, columns) * stepY;
        line(value, Math.hypot(across, down));
      } else {
        fill(value);
      }
      red += (0 - red) * over.shade;
      green += (0 - green) * over.shade;
      blue += (0 - blue) * over.shade;
      red += (table[over.entry] - red) * over.alpha;
      green += (table[over.entry + 1] - green) * over.alpha;
      blue += (table[over.entry + 2] - blue) * over.alpha;
    }
    sum[0] += red;
    sum[1] += green;
    sum[2] += blue;
  };
}
