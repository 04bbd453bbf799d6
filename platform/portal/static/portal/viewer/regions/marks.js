/** A reader's marks as data: points, boxes and outlines in image pixels, and what can be done with them. */

/**
 * `points` are [column, row]: x to the right, y down; the pixel (0, 0) covers [0, 1) x [0, 1). A box has two opposite
 * corners, outlines close by themselves. `confidence` (0 to 100) only where each mark is given one.
 * @typedef {"point" | "box" | "polygon" | "freehand"} Shape
 * @typedef {[number, number]} Point
 * @typedef {{kind: Shape, slice: number, points: Point[], confidence?: number}} Mark
 * @typedef {{columns: number, rows: number}} Extent
 */

/** Fewest and most points of each shape. @type {Record<Shape, [number, number]>} */
export const POINTS = { point: [1, 1], box: [2, 2], polygon: [3, 200], freehand: [3, 400] };

/** Corners that are offered one by one; an outline with more is moved and deleted as a whole. */
export const MOST_HANDLES = 40;

/** The last hundredth of a pixel before the edge: a point lies in a pixel of the image. */
const BEFORE_EDGE = 0.01;

/** @param {string} text @returns {Mark[]} none where the text is no list of marks */
export function marksFrom(text) {
  try {
    const marks = JSON.parse(text || "[]");
    return Array.isArray(marks) ? marks.filter((mark) => mark?.kind in POINTS && Array.isArray(mark.points)) : [];
  } catch {
    return [];
  }
}

/** @param {Shape} kind @param {Point} point @param {Extent} extent @returns {Point} in the image, to a hundredth */
export function inside(kind, [column, row], { columns, rows }) {
  const gap = kind === "point" ? BEFORE_EDGE : 0;
  return [bounded(column, 0, columns - gap), bounded(row, 0, rows - gap)];
}

/** @param {Mark} mark @returns {boolean} whether it has all its points and encloses something */
export function isWhole({ kind, points }) {
  const [fewest, most] = POINTS[kind];
  if (points.length < fewest || points.length > most) {
    return false;
  }
  if (kind === "box") {
    return points[0][0] !== points[1][0] && points[0][1] !== points[1][1];
  }
  const [x, y] = points[0];
  const turns = (/** @type {Point} */ one, /** @type {Point} */ two) => (one[0] - x) * (two[1] - y) - (two[0] - x) * (one[1] - y);
  return kind === "point" || points.some((point, index) => index > 0 && turns(points[index - 1], point) !== 0);
}

/** What can be taken hold of: a box has four corners though it is stored by two. @param {Mark} mark @returns {Point[]} */
export function cornersOf({ kind, points }) {
  if (kind === "box") {
    const [[x0, y0], [x1, y1]] = points;
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }
  return points;
}

/** @param {Mark} mark @param {number} index of the corner @param {Point} to @param {Extent} extent @returns {Mark} */
export function withCorner(mark, index, to, extent) {
  const [column, row] = inside(mark.kind, to, extent);
  const points = mark.points.map((point) => /** @type {Point} */ ([...point]));
  if (mark.kind === "box") {
    points[index === 0 || index === 3 ? 0 : 1][0] = column;
    points[index < 2 ? 0 : 1][1] = row;
  } else {
    points[index] = [column, row];
  }
  return { ...mark, points };
}

/** @param {Mark} mark @param {number} index @returns {Mark | null} null where too few would be left */
export function withoutCorner(mark, index) {
  if (mark.points.length <= POINTS[mark.kind][0]) {
    return null;
  }
  return { ...mark, points: mark.points.filter((_, each) => each !== index) };
}

/** As far as the image reaches. @param {Mark} mark @param {number} across @param {number} down @param {Extent} extent @returns {Mark} */
export function moved(mark, across, down, extent) {
  const { x0, y0, x1, y1 } = boundsOf(mark);
  const [right, bottom] = inside(mark.kind, [extent.columns, extent.rows], extent);
  const dx = bounded(across, -x0, right - x1);
  const dy = bounded(down, -y0, bottom - y1);
  return { ...mark, points: mark.points.map(([column, row]) => inside(mark.kind, [column + dx, row + dy], extent)) };
}

/** @param {{points: Point[]}} mark */
export function boundsOf({ points }) {
  const columns = points.map(([column]) => column);
  const rows = points.map(([, row]) => row);
  return { x0: Math.min(...columns), y0: Math.min(...rows), x1: Math.max(...columns), y1: Math.max(...rows) };
}

/**
 * The line with the fewest points that stays within a tolerance of all (Douglas and Peucker, 1973); the tolerance grows
 * until there are few enough.
 * @param {Point[]} points @param {number} tolerance in image pixels @param {number} most @returns {Point[]}
 */
export function simplified(points, tolerance, most) {
  const kept = thinned(points, tolerance);
  return kept.length <= most ? kept : simplified(kept, tolerance * 2, most);
}

/** @param {Point[]} points @param {number} tolerance @returns {Point[]} */
function thinned(points, tolerance) {
  if (points.length < 3) {
    return points;
  }
  const [first, last] = [points[0], points[points.length - 1]];
  let furthest = 0;
  let at = 0;
  for (let index = 1; index < points.length - 1; index++) {
    const away = distance(points[index], first, last);
    if (away > furthest) {
      furthest = away;
      at = index;
    }
  }
  if (furthest <= tolerance) {
    return [first, last];
  }
  return [...thinned(points.slice(0, at + 1), tolerance).slice(0, -1), ...thinned(points.slice(at), tolerance)];
}

/** From a point to the stretch between two others. @param {Point} point @param {Point} one @param {Point} two */
function distance([x, y], [x0, y0], [x1, y1]) {
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const along = length === 0 ? 0 : bounded(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1, 6);
  return Math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0));
}

/** @param {number} value @param {number} low @param {number} high @param {number} [places] decimals */
function bounded(value, low, high, places = 2) {
  return Number(Math.min(high, Math.max(low, value)).toFixed(places));
}
