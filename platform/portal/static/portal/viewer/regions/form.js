/** The question's buttons and fields: tools, coordinates, and what is done to the marks of the list. */

import { inside } from "./marks.js";

/** @typedef {import("../regions.js").Regions} Regions */

/** @param {Regions} regions @param {AbortSignal} signal */
export function bindForm(regions, signal) {
  const { fieldset } = regions.panel;
  fieldset.addEventListener("click", (event) => clicked(regions, event), { signal });
  fieldset.addEventListener("input", (event) => typed(regions, event), { signal });
  fieldset.addEventListener("keydown", (event) => keyDown(regions, event), { signal });
}

/** @param {Regions} regions @param {Event} event */
function clicked(regions, event) {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.dataset.regionTool) {
    chooseTool(regions, /** @type {import("./marks.js").Shape} */ (button.dataset.regionTool));
  }
  switch (button?.dataset.regionAction) {
    case "set":
      setFromFields(regions);
      break;
    case "finish":
      regions.finish();
      break;
    case "undo":
    case "redo":
      regions.back(button.dataset.regionAction);
      break;
    case "pick":
      goTo(regions, indexOf(button));
      break;
    case "remove":
      remove(regions, indexOf(button));
      break;
  }
}

/** The same tool once more puts it away. @param {Regions} regions @param {import("./marks.js").Shape} tool */
function chooseTool(regions, tool) {
  regions.choose(regions.tool === tool ? null : tool);
  if (regions.tool) {
    regions.viewer.stage.focus();
  }
}

/** @param {Element} part of the list @returns {number} */
function indexOf(part) {
  return Number(/** @type {HTMLElement} */ (part.closest("[data-index]")).dataset.index);
}

/** To a mark of the list, on its slice. @param {Regions} regions @param {number} index */
function goTo(regions, index) {
  regions.choose(null);
  regions.chosen = index;
  regions.viewer.setSlice(regions.marks[index].slice);
  regions.show();
  regions.picture.focus(String(index));
}

/** The focus stays in the list as long as there is one. @param {Regions} regions @param {number} index */
function remove(regions, index) {
  regions.remove(index);
  const { list } = regions.panel;
  const next = list.children[Math.min(index, list.children.length - 1)]?.querySelector("button");
  (next ?? regions.panel.tools().find((each) => !each.hidden))?.focus();
}

/** @param {Regions} regions */
function setFromFields(regions) {
  const point = regions.panel.place();
  if (point) {
    regions.crosshair = inside(regions.tool ?? "point", point, regions.extent);
    regions.set(regions.crosshair);
  }
}

/** @param {Regions} regions @param {Event} event */
function typed(regions, event) {
  const field = event.target;
  if (!(field instanceof HTMLInputElement)) {
    return;
  }
  if (field.closest("[data-index]")) {
    regions.rate(indexOf(field), field.value === "" || !field.validity.valid ? null : Number(field.value));
  } else {
    const point = regions.panel.place();
    regions.crosshair = point ? inside(regions.tool ?? "point", point, regions.extent) : null;
    regions.draw();
  }
}

/** Enter in a coordinate's field sets the point; it does not send the form. @param {Regions} regions @param {KeyboardEvent} event */
function keyDown(regions, event) {
  const { column, row } = regions.panel;
  if (event.key === "Enter" && (event.target === column || event.target === row)) {
    event.preventDefault();
    setFromFields(regions);
  }
}
