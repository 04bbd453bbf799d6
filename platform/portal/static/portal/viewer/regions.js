/**
 * Marks in an image, bound to every question with `data-controller="regions"`; see templates/studies/questions/region.html.
 *
 * A tool is chosen in the form; points are set by the hand, by a crosshair that the arrow keys move, or by numbers in
 * two fields. Marks and corners are controls of their own: the arrow keys or the hand move them.
 */

import { Draft } from "./regions/draft.js";
import { bindForm } from "./regions/form.js";
import { grip, partOf } from "./regions/grip.js";
import { History } from "./regions/history.js";
import { bindKeys } from "./regions/keys.js";
import { boundsOf, cornersOf, inside, marksFrom, moved, withCorner } from "./regions/marks.js";
import { Panel } from "./regions/panel.js";
import { Pen } from "./regions/pen.js";
import { Picture } from "./regions/picture.js";

const MOST_MARKS = 20;

/** @typedef {import("./regions/marks.js").Mark} Mark @typedef {import("./regions/marks.js").Point} Point */

export class Regions {
  /** @param {HTMLElement} fieldset @param {import("./viewer.js").Viewer} viewer */
  constructor(fieldset, viewer) {
    this.viewer = viewer;
    this.panel = new Panel(fieldset);
    this.history = new History(marksFrom(this.panel.store.value));
    this.most = Number(fieldset.dataset.most) || MOST_MARKS;
    this.chosen = -1;
    /** @type {import("./regions/marks.js").Shape | null} */
    this.tool = null;
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {Point | null} */
    this.crosshair = null;
    /** @type {Point | null} */
    this.ahead = null;
    this.pen = new Pen(this.desk());
    this.picture = new Picture(viewer.stage, this.panel.text("picture"));
    this.abort = new AbortController();
    this.listen();
    viewer.layers.add(this);
    this.show();
  }

  get marks() {
    return this.history.marks;
  }

  get extent() {
    const { columns = 1, rows = 1 } = this.viewer.header ?? {};
    return { columns, rows };
  }

  get slice() {
    return this.viewer.state?.slice ?? 0;
  }

  dispose() {
    this.abort.abort();
    this.viewer.layers.delete(this);
    this.viewer.pen = this.viewer.pen === this.pen ? null : this.viewer.pen;
    this.picture.dispose();
  }

  // ---- what is shown ----

  show() {
    const { marks, chosen, tool, panel } = this;
    const add = marks.length < this.most;
    const can = { add, undo: this.draft !== null || this.history.past.length > 0, redo: this.history.future.length > 0, finish: this.draft?.isWhole ?? false };
    panel.show({ marks, chosen, tool, can, slices: this.viewer.header?.slices ?? 1 });
    this.draw();
  }

  /** Called by the viewer after each frame as well. */
  draw() {
    const { viewer, panel, marks } = this;
    if (!viewer.header || !viewer.state) {
      return;
    }
    const { slices } = viewer.header;
    const describe = (/** @type {number} */ index) => panel.describe(marks[index], index, slices);
    this.picture.draw({
      marks: marks.map((mark, index) => ({ mark, index })).filter(({ mark }) => mark.slice === this.slice),
      chosen: this.tool ? -1 : this.chosen,
      draft: this.draft?.slice === this.slice ? this.draft : null,
      ahead: this.crosshair ?? this.ahead,
      crosshair: this.tool ? this.crosshair : null,
      drawing: this.tool !== null,
      screen: (point) => viewer.toScreen(point),
      nameMark: describe,
      nameCorner: (index, corner) => this.nameCorner(index, corner),
    });
  }

  /** @param {number} index @param {number} corner */
  nameCorner(index, corner) {
    const [column, row] = cornersOf(this.marks[index])[corner].map(Math.round);
    return this.panel.text("corner", { number: index + 1, corner: corner + 1, column, row });
  }

  // ---- changes ----

  /** @param {import("./regions/marks.js").Shape | null} tool */
  choose(tool) {
    for (const layer of tool ? this.viewer.layers : []) {
      if (layer instanceof Regions && layer !== this && layer.tool) {
        layer.choose(null);
      }
    }
    this.draft = null;
    this.ahead = null;
    this.tool = tool;
    this.crosshair = null;
    this.viewer.takePen(tool ? this.pen : null);
    this.show();
  }

  /** @param {Point} point */
  add(point) {
    if (!this.tool) {
      return;
    }
    if (this.draft?.slice !== this.slice) {
      this.draft = new Draft(this.tool, this.slice, this.extent);
    }
    this.draft.add(point);
    if (this.draft.isFull) {
      this.finish();
    } else {
      this.show();
    }
  }

  /** By key or number: said aloud, and the same place twice ends an outline. @param {Point} point */
  set(point) {
    const at = inside(this.tool ?? "point", point, this.extent);
    const count = this.draft?.points.length ?? 0;
    this.add(at);
    if (this.draft && this.draft.points.length === count) {
      this.finish();
    } else if (this.draft) {
      this.panel.say(this.panel.text("set", { number: this.draft.points.length, column: Math.round(at[0]), row: Math.round(at[1]) }));
    }
  }

  /** Nothing happens to a draft that is not yet a shape. */
  finish() {
    const { draft } = this;
    if (!draft?.isWhole) {
      if (draft?.kind === "box" && draft.isFull) {
        draft.back();
      }
      this.show();
      return;
    }
    const mark = draft.asMark(this.viewer.scale());
    this.drop();
    this.history.change([...this.marks, mark]);
    this.chosen = this.marks.length - 1;
    this.report("roi_add", mark, this.chosen);
    this.panel.say(this.panel.text("added", { what: this.describe(this.chosen) }));
    if (this.marks.length >= this.most) {
      this.choose(null);
    }
    this.show();
  }

  /** The mark under way is given up. */
  drop() {
    this.draft = null;
    this.ahead = null;
    this.show();
  }

  /** @param {number} index @param {Mark} mark @param {string} tag see History.change */
  alter(index, mark, tag) {
    this.history.change(this.marks.map((each, at) => (at === index ? mark : each)), tag);
    this.report("roi_edit", mark, index);
    this.show();
  }

  /** @param {number} index */
  remove(index) {
    const mark = this.marks[index];
    this.history.change(this.marks.filter((_, at) => at !== index));
    this.chosen = -1;
    this.report("roi_delete", mark, index);
    this.panel.say(this.panel.text("removed", { number: index + 1 }));
    this.show();
  }

  /** The last point of a mark under way, or the last change. @param {"undo" | "redo"} which */
  back(which) {
    if (which === "undo" && this.draft) {
      this.draft.back();
      this.draft = this.draft.points.length > 0 ? this.draft : null;
    } else if (this.history[which]()) {
      this.chosen = this.chosen < this.marks.length ? this.chosen : -1;
      this.viewer.reporter.report("roi_edit", { [which]: 1, marks: this.marks.length });
      this.panel.say(this.panel.text(which === "undo" ? "undone" : "redone", { number: this.marks.length }));
    }
    this.show();
    return true;
  }

  /** How sure the reader is of a mark. @param {number} index @param {number | null} confidence 0 to 100 */
  rate(index, confidence) {
    const { confidence: _, ...mark } = this.marks[index];
    const rated = confidence === null ? mark : { ...mark, confidence };
    this.history.change(this.marks.map((each, at) => (at === index ? rated : each)), `rate ${index}`);
    this.show();
  }

  /** @param {number} index */
  pick(index) {
    if (this.chosen !== index) {
      this.chosen = index;
      this.show();
    }
  }

  /** @param {string} kind @param {Mark} mark @param {number} index */
  report(kind, mark, index) {
    const { x0, y0, x1, y1 } = boundsOf(mark);
    const [left, top, right, bottom] = [x0, y0, x1, y1].map(Math.round);
    const detail = { mark: index, shape: mark.kind, slice: mark.slice, points: mark.points.length };
    this.viewer.reporter.report(kind, { ...detail, x0: left, y0: top, x1: right, y1: bottom });
  }

  /** @param {number} index */
  describe(index) {
    return this.panel.describe(this.marks[index], index, this.viewer.header?.slices ?? 1);
  }

  // ---- the hand ----

  /** @returns {import("./regions/pen.js").Desk} */
  desk() {
    return {
      kind: () => this.tool ?? "point",
      draft: () => this.draft,
      add: (point) => this.add(point),
      finish: () => this.finish(),
      restore: (points) => this.restore(points),
      ahead: (point) => this.preview(point),
      screen: (point) => this.viewer.toScreen(point),
      image: (point) => this.viewer.toImage(point),
    };
  }

  /** @param {Point[]} points */
  restore(points) {
    if (this.draft) {
      this.draft.points = points;
      this.draft = points.length > 0 ? this.draft : null;
    }
    this.show();
  }

  /** @param {Point | null} point */
  preview(point) {
    this.crosshair = point ? null : this.crosshair;
    this.ahead = point;
    if (this.draft) {
      this.draw();
    }
  }

  listen() {
    const { signal } = this.abort;
    const { svg } = this.picture;
    bindForm(this, signal);
    bindKeys(this, signal);
    this.viewer.stage.addEventListener("dblclick", () => this.tool && this.finish(), { signal });
    svg.addEventListener("focusin", (event) => this.pick(Number(partOf(event.target)?.dataset.mark ?? -1)), { signal });
    grip(svg, this.viewer.stage, this.hand(), signal);
  }

  /** @returns {import("./regions/grip.js").Hand} */
  hand() {
    let stroke = 0;
    return {
      take: (mark) => {
        stroke += 1;
        this.pick(mark);
      },
      drag: ({ mark, corner }, from, to) => this.pull(mark, corner, from, to, `drag ${stroke}`),
    };
  }

  /**
   * A mark goes with the hand; a corner goes where the hand is.
   * @param {number} index
   * @param {number | null} corner
   * @param {Point} from in CSS pixels of the stage
   * @param {Point} to
   * @param {string} tag
   */
  pull(index, corner, from, to, tag) {
    const mark = this.marks[index];
    const [x, y] = this.viewer.toImage(to);
    if (corner === null) {
      const [x0, y0] = this.viewer.toImage(from);
      this.alter(index, moved(mark, x - x0, y - y0, this.extent), tag);
    } else {
      this.alter(index, withCorner(mark, corner, [x, y], this.extent), tag);
    }
  }
}

/** @type {WeakMap<Element, Regions>} */
const bound = new WeakMap();

/**
 * Bind the questions in this part of the page to the page's viewer.
 * @param {ParentNode} part @param {(element: Element) => import("./viewer.js").Viewer | undefined} viewerOf
 */
export function connectRegions(part, viewerOf) {
  for (const fieldset of part.querySelectorAll('[data-controller~="regions"]')) {
    const root = document.querySelector('[data-controller~="viewer"]');
    const viewer = root ? viewerOf(root) : undefined;
    if (viewer && !bound.has(fieldset)) {
      bound.set(fieldset, new Regions(/** @type {HTMLElement} */ (fieldset), viewer));
    }
  }
}

/** @param {Element} part */
export function disconnectRegions(part) {
  for (const fieldset of [part, ...part.querySelectorAll('[data-controller~="regions"]')]) {
    bound.get(fieldset)?.dispose();
    bound.delete(fieldset);
  }
}
