/** The marks drawn over the image as SVG, each one and each corner of the chosen one a control that takes the focus. */

import { MOST_HANDLES, cornersOf } from "./marks.js";

const SVG = "http://www.w3.org/2000/svg";
const REACH = 12; // a target of 24 pixels

/**
 * @typedef {import("./marks.js").Point} Point
 * @typedef {object} Sight what is to be drawn; `screen` turns image pixels into the stage's
 * @property {{index: number, mark: import("./marks.js").Mark}[]} marks
 * @property {number} chosen index of the mark whose corners are offered, or -1
 * @property {import("./draft.js").Draft | null} draft
 * @property {Point | null} ahead where the draft's next point would lie
 * @property {Point | null} crosshair
 * @property {boolean} drawing marks let the pointer through
 * @property {(point: Point) => Point} screen
 * @property {(index: number) => string} nameMark
 * @property {(index: number, corner: number) => string} nameCorner
 */

export class Picture {
  /** @param {HTMLElement} stage @param {string} label */
  constructor(stage, label) {
    this.svg = element("svg", { class: "viewer__marks", role: "group", "aria-label": label });
    this.cross = this.svg.appendChild(doubled("viewer__crosshair"));
    this.line = this.svg.appendChild(doubled("viewer__draft"));
    this.dots = this.svg.appendChild(doubled("viewer__draft-dots"));
    stage.append(this.svg);
    /** @type {Map<string, SVGElement>} */
    this.parts = new Map();
  }

  /** Parts that stay are changed in place, so that they keep the focus. @param {Sight} sight */
  draw(sight) {
    this.svg.classList.toggle("viewer__marks--drawing", sight.drawing);
    const wanted = new Set();
    for (const { index, mark } of sight.marks) {
      wanted.add(this.mark(index, mark, sight));
      const corners = index === sight.chosen && mark.kind !== "point" ? cornersOf(mark) : [];
      if (corners.length <= MOST_HANDLES) {
        corners.forEach((corner, at) => wanted.add(this.corner(index, at, corner, sight)));
      }
    }
    this.clear(wanted);
    this.sort(wanted);
    trace(this.line, draftPath(sight));
    trace(this.dots, (sight.draft?.points ?? []).map((point) => dot(sight.screen(point), 3)).join(""));
    trace(this.cross, sight.crosshair ? crossPath(sight.screen(sight.crosshair)) : "");
  }

  /** What goes hands the focus to the stage: the next key must not get lost. @param {Set<string>} wanted */
  clear(wanted) {
    for (const [key, part] of [...this.parts].filter(([each]) => !wanted.has(each))) {
      if (part === document.activeElement) {
        this.svg.parentElement?.focus({ preventScroll: true });
      }
      part.remove();
      this.parts.delete(key);
    }
  }

  /** @param {number} index @param {import("./marks.js").Mark} mark @param {Sight} sight */
  mark(index, mark, sight) {
    const key = `${index}`;
    const part = this.part(key, "viewer__mark", { mark: key });
    name(part, sight.nameMark(index));
    part.classList.toggle("viewer__mark--chosen", index === sight.chosen);
    part.classList.toggle("viewer__mark--point", mark.kind === "point");
    const path = markPath(mark, sight.screen);
    trace(part, path, mark.kind === "point" ? dot(sight.screen(mark.points[0]), REACH) : path);
    return key;
  }

  /** @param {number} index @param {number} at @param {Point} corner @param {Sight} sight */
  corner(index, at, corner, sight) {
    const key = `${index}-${at}`;
    const part = this.part(key, "viewer__handle", { mark: String(index), corner: String(at) });
    name(part, sight.nameCorner(index, at));
    trace(part, square(sight.screen(corner), 4.5), dot(sight.screen(corner), REACH));
    return key;
  }

  /** @param {string} key @param {string} style @param {Record<string, string>} data */
  part(key, style, data) {
    let part = this.parts.get(key);
    if (!part) {
      part = doubled(style);
      part.append(element("path", { class: "viewer__reach" }));
      part.setAttribute("tabindex", "0");
      part.setAttribute("role", "button");
      Object.assign(part.dataset, data);
      this.parts.set(key, part);
      this.svg.append(part);
    }
    return part;
  }

  /** In the order of the marks, for the Tab key; what lies right already is not touched. @param {Set<string>} keys */
  sort(keys) {
    /** @type {Element} */
    let before = this.dots;
    for (const key of keys) {
      const part = /** @type {SVGElement} */ (this.parts.get(key));
      if (before.nextElementSibling !== part) {
        before.after(part);
      }
      before = part;
    }
  }

  /** @param {string} key */
  focus(key) {
    this.parts.get(key)?.focus();
  }

  dispose() {
    this.svg.remove();
  }
}

/** @param {import("./marks.js").Mark} mark @param {(point: Point) => Point} screen */
function markPath(mark, screen) {
  if (mark.kind === "point") {
    const [x, y] = screen(mark.points[0]);
    return `${dot([x, y], 8)}M${x - 3} ${y}h6M${x} ${y - 3}v6`;
  }
  return `${polyline(cornersOf(mark).map(screen))}Z`;
}

/** @param {Sight} sight */
function draftPath({ draft, ahead, screen }) {
  if (!draft || draft.points.length === 0) {
    return "";
  }
  const points = ahead ? [...draft.points, ahead] : draft.points;
  if (draft.kind === "box" && points.length > 1) {
    const corners = cornersOf({ kind: "box", slice: 0, points: [points[0], points[points.length - 1]] });
    return `${polyline(corners.map(screen))}Z`;
  }
  return polyline(points.map(screen));
}

/** @param {Point} centre */
function crossPath([x, y]) {
  return `M${x - 22} ${y}h17M${x + 5} ${y}h17M${x} ${y - 22}v17M${x} ${y + 5}v17M${x - 0.5} ${y}h1`;
}

/** @param {Point[]} points */
function polyline(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}`;
}

/** @param {Point} centre @param {number} radius */
function dot([x, y], radius) {
  return `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
}

/** @param {Point} centre @param {number} half */
function square([x, y], half) {
  return `M${x - half} ${y - half}h${2 * half}v${2 * half}h${-2 * half}Z`;
}

/** A light line on a dark one, to be seen on any grey and any colour. @param {string} style */
function doubled(style) {
  const group = element("g", { class: style });
  group.append(element("path", { class: "viewer__casing" }), element("path", { class: "viewer__line" }));
  return group;
}

/** @param {SVGElement} group @param {string} path @param {string} [reach] */
function trace(group, path, reach = path) {
  for (const part of group.children) {
    part.setAttribute("d", part.classList.contains("viewer__reach") ? reach : path);
  }
}

/** @param {SVGElement} part @param {string} text */
function name(part, text) {
  if (part.getAttribute("aria-label") !== text) {
    part.setAttribute("aria-label", text);
  }
}

/** @param {string} tag @param {Record<string, string>} attributes */
function element(tag, attributes) {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}
