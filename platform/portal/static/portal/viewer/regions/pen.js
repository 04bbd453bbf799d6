/** The hand on the stage while a tool is chosen: a click sets a point, a press that moves draws; no tool needs the latter. */

const STILL = 4; // screen pixels: a press that moves less is a click
const NEAR = 12;
const SPARSE = 1.5;

/**
 * @typedef {import("./marks.js").Point} Point
 * @typedef {object} Desk what the pen writes to
 * @property {() => import("./marks.js").Shape} kind
 * @property {() => import("./draft.js").Draft | null} draft
 * @property {(point: Point) => void} add
 * @property {() => void} finish
 * @property {(points: Point[]) => void} restore the draft's points, none to drop it
 * @property {(point: Point | null) => void} ahead
 * @property {(point: Point) => Point} screen
 * @property {(point: Point) => Point} image
 */

export class Pen {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.pressed = false;
    this.far = false;
    /** @type {Point} */
    this.from = [0, 0];
    /** @type {Point[]} */
    this.before = [];
  }

  /** @param {Point} at in CSS pixels of the stage, as below */
  down(at) {
    const { desk } = this;
    this.pressed = true;
    this.far = false;
    this.from = at;
    this.before = [...(desk.draft()?.points ?? [])];
    if (desk.kind() === "freehand" || (desk.kind() === "box" && this.before.length === 0)) {
      desk.add(desk.image(at));
    }
  }

  /** @param {Point} at */
  move(at) {
    const { desk } = this;
    this.far ||= this.pressed && apart(at, this.from) > STILL;
    if (this.pressed && this.far && desk.kind() === "freehand") {
      const points = desk.draft()?.points ?? [];
      const last = points[points.length - 1];
      if (!last || apart(desk.screen(last), at) >= SPARSE) {
        desk.add(desk.image(at));
      }
    }
    desk.ahead(desk.image(at));
  }

  /** @param {Point} at */
  up(at) {
    if (!this.pressed) {
      return;
    }
    this.pressed = false;
    const { desk, before } = this;
    const kind = desk.kind();
    const closes = (kind === "polygon" || kind === "freehand") && before.length >= 3 && apart(desk.screen(before[0]), at) < NEAR;
    if (closes && !this.far) {
      desk.restore(before);
      desk.finish();
    } else if (kind === "freehand") {
      this.far && this.lift();
    } else if (kind !== "box" || before.length > 0 || this.far) {
      desk.add(desk.image(at));
    }
  }

  /** A drawn line ends; one too short to enclose anything is dropped. */
  lift() {
    this.desk.finish();
    if (this.desk.draft()) {
      this.desk.restore(this.before);
    }
  }

  /** The press was something else, two fingers for instance. */
  cancel() {
    if (this.pressed) {
      this.pressed = false;
      this.desk.restore(this.before);
    }
  }

  /** The pointer has left. */
  leave() {
    this.desk.ahead(null);
  }
}

/** @param {Point} one @param {Point} two */
function apart(one, two) {
  return Math.hypot(one[0] - two[0], one[1] - two[1]);
}
