/** The part of the answer form that belongs to the marks: tools, coordinates, and the list of what is marked. */

import { boundsOf } from "./marks.js";

export class Panel {
  /** @param {HTMLElement} fieldset */
  constructor(fieldset) {
    this.fieldset = fieldset;
    this.store = /** @type {HTMLInputElement} */ (fieldset.querySelector("input[type=hidden]"));
    this.list = this.part("marks");
    this.column = /** @type {HTMLInputElement} */ (this.part("column"));
    this.row = /** @type {HTMLInputElement} */ (this.part("row"));
    const tools = (fieldset.dataset.tools ?? "").split(" ");
    for (const button of this.tools()) {
      button.hidden = !tools.includes(button.dataset.regionTool ?? "");
    }
  }

  /** @param {string} name @returns {HTMLElement} */
  part(name) {
    const found = this.fieldset.querySelector(`[data-part="${name}"]`);
    if (!(found instanceof HTMLElement)) {
      throw new Error(`The question's markup has no ${name}.`);
    }
    return found;
  }

  /** @returns {HTMLButtonElement[]} */
  tools() {
    return [...this.fieldset.querySelectorAll("[data-region-tool]")].map((each) => /** @type {HTMLButtonElement} */ (each));
  }

  /** A sentence of the page, with its values. @param {string} name @param {Record<string, unknown>} [values] */
  text(name, values = {}) {
    const sentence = this.fieldset.dataset[`text${capital(name)}`] ?? "";
    return sentence.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
  }

  /** What a mark is and where, in words. @param {import("./marks.js").Mark} mark @param {number} index @param {number} slices */
  describe(mark, index, slices) {
    const { x0, y0, x1, y1 } = boundsOf(mark);
    const [left, top, right, bottom] = [x0, y0, x1, y1].map(Math.round);
    const where = this.text(mark.kind, { left, top, right, bottom, points: mark.points.length });
    const slice = slices > 1 ? `, ${this.text("slice", { slice: mark.slice + 1 })}` : "";
    return `${this.text("mark", { number: index + 1 })}: ${where}${slice}`;
  }

  /**
   * @param {object} now
   * @param {import("./marks.js").Mark[]} now.marks
   * @param {number} now.chosen
   * @param {string | null} now.tool
   * @param {{undo: boolean, redo: boolean, finish: boolean, add: boolean}} now.can
   * @param {number} now.slices
   */
  show({ marks, chosen, tool, can, slices }) {
    this.store.value = JSON.stringify(marks);
    for (const button of this.tools()) {
      button.setAttribute("aria-pressed", String(button.dataset.regionTool === tool));
      button.disabled = !can.add;
    }
    for (const action of /** @type {const} */ (["undo", "redo", "finish"])) {
      /** @type {HTMLButtonElement} */ (this.fieldset.querySelector(`[data-region-action="${action}"]`)).disabled = !can[action];
    }
    this.part("coordinates").hidden = tool === null;
    this.part("finish").hidden = tool !== "polygon" && tool !== "freehand";
    this.part("hint").textContent = can.add ? this.text(tool ? `hint${capital(tool)}` : "hint") : this.text("most");
    this.part("none").hidden = marks.length > 0;
    this.rows(marks, chosen, slices);
  }

  /** @param {import("./marks.js").Mark[]} marks @param {number} chosen @param {number} slices */
  rows(marks, chosen, slices) {
    while (this.list.children.length > marks.length) {
      this.list.lastElementChild?.remove();
    }
    const model = /** @type {HTMLTemplateElement} */ (this.fieldset.querySelector("template"));
    while (this.list.children.length < marks.length) {
      this.list.append(model.content.cloneNode(true));
    }
    marks.forEach((mark, index) => this.line(/** @type {HTMLElement} */ (this.list.children[index]), mark, index, chosen, slices));
  }

  /**
   * @param {HTMLElement} item
   * @param {import("./marks.js").Mark} mark
   * @param {number} index
   * @param {number} chosen
   * @param {number} slices
   */
  line(item, mark, index, chosen, slices) {
    const [choose, remove] = item.querySelectorAll("button");
    item.dataset.index = String(index);
    choose.textContent = this.describe(mark, index, slices);
    choose.setAttribute("aria-pressed", String(index === chosen));
    remove.setAttribute("aria-label", this.text("remove", { number: index + 1 }));
    const rating = item.querySelector("label");
    if (rating) {
      rating.hidden = !("rated" in this.fieldset.dataset);
      const field = /** @type {HTMLInputElement} */ (rating.querySelector("input"));
      field.setAttribute("aria-label", this.text("sure", { number: index + 1 }));
      if (field !== document.activeElement) {
        field.value = mark.confidence === undefined ? "" : String(mark.confidence);
      }
      field.required = !rating.hidden;
    }
  }

  /** Where the next point would be set. @param {import("./marks.js").Point} point */
  showPlace([column, row]) {
    this.column.value = String(column);
    this.row.value = String(row);
  }

  /** @returns {import("./marks.js").Point | null} null where a field is empty */
  place() {
    const { column, row } = this;
    return column.value === "" || row.value === "" ? null : [Number(column.value), Number(row.value)];
  }

  /** For those who do not see it. @param {string} sentence */
  say(sentence) {
    this.part("said").textContent = sentence;
  }
}

/** @param {string} word */
function capital(word) {
  return `${word[0].toUpperCase()}${word.slice(1)}`;
}
