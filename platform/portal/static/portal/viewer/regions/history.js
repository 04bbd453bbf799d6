/** The marks as they are and as they were: every change can be taken back, and taken back again. */

export class History {
  /** @param {import("./marks.js").Mark[]} marks */
  constructor(marks) {
    this.marks = marks;
    /** @type {import("./marks.js").Mark[][]} */
    this.past = [];
    /** @type {import("./marks.js").Mark[][]} */
    this.future = [];
    this.tag = "";
  }

  /** @param {import("./marks.js").Mark[]} marks @param {string} [tag] changes in a row with the same tag are one */
  change(marks, tag = "") {
    if (tag === "" || tag !== this.tag) {
      this.past.push(this.marks);
    }
    this.tag = tag;
    this.future = [];
    this.marks = marks;
  }

  /** @returns {boolean} whether there was anything */
  undo() {
    return this.step(this.past, this.future);
  }

  /** @returns {boolean} */
  redo() {
    return this.step(this.future, this.past);
  }

  /** @param {import("./marks.js").Mark[][]} from @param {import("./marks.js").Mark[][]} to */
  step(from, to) {
    const marks = from.pop();
    if (!marks) {
      return false;
    }
    to.push(this.marks);
    this.marks = marks;
    this.tag = "";
    return true;
  }
}
