/** Marks and their corners taken hold of by pointer; what the keys do to them stands in keys.js. */

/**
 * @typedef {import("./marks.js").Point} Point
 * @typedef {object} Held
 * @property {number} mark
 * @property {number | null} corner
 * @property {Point} at where the pointer was
 *
 * @typedef {object} Hand what is done with them
 * @property {(mark: number) => void} take
 * @property {(held: Held, from: Point, to: Point) => void} drag in CSS pixels of the stage
 */

/** @param {SVGElement} svg @param {HTMLElement} stage @param {Hand} hand @param {AbortSignal} signal */
export function grip(svg, stage, hand, signal) {
  /** @type {Held | null} */
  let held = null;
  const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ act) => svg.addEventListener(type, act, { signal });
  const place = (/** @type {PointerEvent} */ event) => {
    const box = stage.getBoundingClientRect();
    return /** @type {Point} */ ([event.clientX - box.left, event.clientY - box.top]);
  };
  on("pointerdown", (/** @type {PointerEvent} */ event) => {
    const part = partOf(event.target);
    if (part && event.button === 0) {
      event.stopPropagation();
      part.setPointerCapture(event.pointerId);
      part.focus({ preventScroll: true });
      held = { mark: Number(part.dataset.mark), corner: cornerOf(part), at: place(event) };
      hand.take(held.mark);
    }
  });
  on("pointermove", (/** @type {PointerEvent} */ event) => {
    if (held) {
      const to = place(event);
      hand.drag(held, held.at, to);
      held.at = to;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    on(end, () => {
      held = null;
    });
  }
}

/** @param {EventTarget | null} target @returns {SVGElement | null} */
export function partOf(target) {
  return target instanceof Element ? target.closest("[data-mark]") : null;
}

/** @param {SVGElement} part @returns {number | null} */
export function cornerOf(part) {
  return part.dataset.corner === undefined ? null : Number(part.dataset.corner);
}
