/** Pointer, wheel and touch on the stage, turned into intents; what they mean is the viewer's business. */

/**
 * @typedef {object} Intents
 * @property {(factor: number, px: number, py: number) => void} zoom at a point of the stage, in CSS pixels
 * @property {(px: number, py: number) => void} pan
 * @property {(across: number, down: number) => void} window
 * @property {(steps: number) => void} slice
 * @property {() => void} fit
 * @property {() => void} rest the hand has come to rest
 * @property {() => "window" | "pan"} tool what a plain drag does
 * @property {() => Pen | null} pen what a plain press goes to instead, where there is one
 * @property {() => boolean} volume
 * @property {(type: string) => void} pointer by what: mouse, touch or pen
 */

/**
 * Draws on the image; places are in CSS pixels of the stage.
 * @typedef {object} Pen
 * @property {(at: [number, number]) => void} down
 * @property {(at: [number, number]) => void} move pressed or not
 * @property {(at: [number, number]) => void} up
 * @property {() => void} cancel the press was something else
 * @property {() => void} leave
 */

const WHEEL_STEP = 1.0015;

/**
 * @param {HTMLElement} stage
 * @param {Intents} intents
 * @param {AbortSignal} signal
 */
export function listen(stage, intents, signal) {
  new Gestures(stage, intents).start(signal);
}

class Gestures {
  /** @param {HTMLElement} stage @param {Intents} intents */
  constructor(stage, intents) {
    this.stage = stage;
    this.intents = intents;
    /** @type {Map<number, {x: number, y: number}>} */
    this.pointers = new Map();
    /** @type {"window" | "pan" | "pen"} */
    this.drag = "window";
    this.space = false;
    this.turned = 0;
    this.resting = 0;
  }

  /** @param {AbortSignal} signal */
  start(signal) {
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ handle) =>
      this.stage.addEventListener(type, handle, { signal, passive: false });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    on("pointerleave", () => this.intents.pen()?.leave());
    on("wheel", (event) => this.wheel(event));
    on("dblclick", () => this.intents.pen() || this.intents.fit());
    on("contextmenu", (event) => event.preventDefault());
    on("keydown", (event) => this.spaceBar(event, true));
    on("keyup", (event) => this.spaceBar(event, false));
    on("blur", () => this.release());
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  spaceBar(event, down) {
    if (event.key === " " && event.target === this.stage) {
      event.preventDefault();
      this.space = down;
      this.stage.classList.toggle("viewer__stage--panning", down);
    }
  }

  release() {
    this.space = false;
    this.stage.classList.remove("viewer__stage--panning");
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.intents.pointer(event.pointerType);
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (event.button === 2) {
      this.drag = "window";
    } else if (event.button === 1 || this.space) {
      this.drag = "pan";
    } else {
      this.drag = this.intents.pen() ? "pen" : this.intents.tool();
    }
    if (this.pointers.size > 1) {
      this.intents.pen()?.cancel();
    } else if (this.drag === "pen") {
      this.intents.pen()?.down(this.at(event));
    }
    if (event.button !== 0) {
      event.preventDefault();
    }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || (this.drag === "pen" && this.pointers.size === 1)) {
      this.intents.pen()?.move(this.at(event));
    }
    if (!before) {
      return;
    }
    const now = { x: event.clientX, y: event.clientY };
    if (this.pointers.size === 2) {
      this.pinch(event.pointerId, before, now);
    } else if (this.drag === "pen") {
      return;
    } else if (this.drag === "pan") {
      this.intents.pan(now.x - before.x, now.y - before.y);
    } else {
      this.intents.window(now.x - before.x, now.y - before.y);
    }
    this.pointers.set(event.pointerId, now);
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /**
   * Two fingers: their middle pans, their distance zooms.
   * @param {number} id
   * @param {{x: number, y: number}} before
   * @param {{x: number, y: number}} now
   */
  pinch(id, before, now) {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    if (!other) {
      return;
    }
    const box = this.stage.getBoundingClientRect();
    const apart = Math.hypot(before.x - other.x, before.y - other.y);
    const further = Math.hypot(now.x - other.x, now.y - other.y);
    this.intents.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    if (apart > 8 && further > 8) {
      this.intents.zoom(further / apart, (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
    }
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (this.drag === "pen" && this.pointers.size === 1) {
      const pen = this.intents.pen();
      event.type === "pointerup" ? pen?.up(this.at(event)) : pen?.cancel();
    }
    this.pointers.delete(event.pointerId);
    this.intents.rest();
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
    const delta = event.deltaY * lines;
    if (this.intents.volume() && !event.ctrlKey) {
      this.turn(delta);
    } else {
      const box = this.stage.getBoundingClientRect();
      const factor = WHEEL_STEP ** -(event.ctrlKey ? delta * 5 : delta);
      this.intents.zoom(factor, event.clientX - box.left, event.clientY - box.top);
    }
    window.clearTimeout(this.resting);
    this.resting = window.setTimeout(() => this.intents.rest(), 150);
  }

  /** A notch of the wheel is a slice; fine wheels and touchpads add up to one. @param {number} delta */
  turn(delta) {
    this.turned += delta;
    const steps = Math.trunc(this.turned / 50);
    if (steps !== 0) {
      this.turned = 0;
      this.intents.slice(Math.sign(steps));
    }
  }
}
