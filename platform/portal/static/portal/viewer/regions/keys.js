/** Marks by keyboard: the crosshair while a tool is chosen; marks and corners that have the focus; undo and redo. */

import { cornerOf, partOf } from "./grip.js";
import { cornersOf, inside, moved, withCorner, withoutCorner } from "./marks.js";

const STRIDE = 10;

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @typedef {import("../regions.js").Regions} Regions */

/** @param {Regions} regions @param {AbortSignal} signal */
export function bindKeys(regions, signal) {
  const { stage } = regions.viewer;
  stage.addEventListener("keydown", (event) => taken(regions, event) && event.preventDefault(), { signal });
  regions.panel.fieldset.addEventListener("keydown", (event) => wayBack(regions, event) && event.preventDefault(), { signal });
}

/** @param {Regions} regions @param {KeyboardEvent} event @returns {boolean} whether the key meant something here */
function taken(regions, event) {
  const part = partOf(event.target);
  if (part) {
    return regions.picture.svg.contains(part) && (wayBack(regions, event) || onPart(regions, event, part));
  }
  return (regions.tool !== null && onStage(regions, event)) || (event.target === regions.viewer.stage && wayBack(regions, event));
}

/** A field that is typed into takes back its own letters. @param {Regions} regions @param {KeyboardEvent} event */
function wayBack(regions, event) {
  const key = event.key.toLowerCase();
  const mine = (event.ctrlKey || event.metaKey) && !event.altKey && !(event.target instanceof HTMLInputElement);
  if (mine && (key === "z" || key === "y")) {
    return regions.back(key === "y" || event.shiftKey ? "redo" : "undo");
  }
  return false;
}

/** A mark or corner has the focus. @param {Regions} regions @param {KeyboardEvent} event @param {SVGElement} part */
function onPart(regions, event, part) {
  const index = Number(part.dataset.mark);
  const corner = cornerOf(part);
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  if (event.key in ARROWS) {
    nudge(regions, index, corner, ARROWS[event.key].map((step) => step * (event.shiftKey ? STRIDE : 1)));
  } else if (event.key === "Delete" || event.key === "Backspace") {
    cut(regions, index, corner);
  } else if (event.key === "Escape") {
    regions.viewer.stage.focus();
  } else {
    return event.key === "Enter" || event.key === " ";
  }
  return true;
}

/** @param {Regions} regions @param {number} index @param {number | null} corner @param {number[]} step in image pixels */
function nudge(regions, index, corner, [dx, dy]) {
  const mark = regions.marks[index];
  if (corner === null) {
    regions.alter(index, moved(mark, dx, dy, regions.extent), `nudge ${index}`);
  } else {
    const [x, y] = cornersOf(mark)[corner];
    regions.alter(index, withCorner(mark, corner, [x + dx, y + dy], regions.extent), `nudge ${index} ${corner}`);
  }
}

/** The corner where enough are left, the mark otherwise. @param {Regions} regions @param {number} index @param {number | null} corner */
function cut(regions, index, corner) {
  const smaller = corner === null ? null : withoutCorner(regions.marks[index], corner);
  if (smaller) {
    regions.alter(index, smaller, "");
    regions.picture.focus(`${index}-${Math.min(corner ?? 0, smaller.points.length - 1)}`);
  } else {
    regions.viewer.stage.focus();
    regions.remove(index);
  }
}

/** The stage has the focus, and a tool is chosen. @param {Regions} regions @param {KeyboardEvent} event */
function onStage(regions, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  if (event.key in ARROWS) {
    steer(regions, ARROWS[event.key].map((step) => step * (event.shiftKey ? STRIDE : 1)));
  } else if (event.key === "Enter") {
    regions.crosshair ? regions.set(regions.crosshair) : steer(regions, [0, 0]);
  } else if (event.key === "Backspace" || event.key === "Delete") {
    regions.draft && regions.back("undo");
  } else if (event.key === "Escape") {
    regions.draft ? regions.drop() : regions.choose(null);
  } else {
    return false;
  }
  return true;
}

/** Move the crosshair, from the middle of what is in view, and keep it in view. @param {Regions} regions @param {number[]} step */
function steer(regions, [dx, dy]) {
  const { viewer, panel } = regions;
  const { width, height } = viewer.size();
  const [x, y] = regions.crosshair ?? viewer.toImage([width / 2, height / 2]).map(Math.round);
  const [column, row] = inside(regions.tool ?? "point", [x + dx, y + dy], regions.extent);
  regions.crosshair = [column, row];
  panel.showPlace([column, row]);
  panel.say(panel.text("place", { column, row }));
  viewer.bringIntoView([column, row]);
  regions.draw();
}
