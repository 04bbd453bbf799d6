/** A mark under way: points come one by one, from the hand, the crosshair or the fields alike, until it is whole. */

import { POINTS, inside, isWhole, simplified } from "./marks.js";

/** How far a drawn line may lie beside the hand's, in screen pixels. */
const TOLERANCE = 1;

export class Draft {
  /**
   * @param {import("./marks.js").Shape} kind
   * @param {number} slice
   * @param {import("./marks.js").Extent} extent
   */
  constructor(kind, slice, extent) {
    this.kind = kind;
    this.slice = slice;
    this.extent = extent;
    /** @type {import("./marks.js").Point[]} */
    this.points = [];
  }

  /** @param {import("./marks.js").Point} point */
  add(point) {
    const [, most] = POINTS[this.kind];
    const next = inside(this.kind, point, this.extent);
    const last = this.points[this.points.length - 1];
    if (!last || last[0] !== next[0] || last[1] !== next[1]) {
      this.points.push(next);
    }
    if (this.kind === "freehand" && this.points.length > 4 * most) {
      this.points = simplified(this.points, 0.25, 2 * most);
    }
  }

  back() {
    this.points.pop();
  }

  /** Whether no further point is wanted. */
  get isFull() {
    return this.points.length >= POINTS[this.kind][1] && this.kind !== "freehand";
  }

  /** Whether it may be finished as it is. */
  get isWhole() {
    return isWhole(this.asMark(0));
  }

  /** @param {number} scale screen pixels per image pixel, to thin a drawn line; 0: as it is @returns {import("./marks.js").Mark} */
  asMark(scale) {
    const { kind, slice, points } = this;
    const thin = kind === "freehand" && (scale > 0 || points.length > POINTS[kind][1]);
    return { kind, slice, points: thin ? simplified(points, TOLERANCE / Math.max(scale, 1e-6), POINTS[kind][1]) : [...points] };
  }
}
