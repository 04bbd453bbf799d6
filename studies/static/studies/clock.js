/** The browser's own account of a trial: how long, how much of it active, what was done with the viewer. */

const IDLE = 30000;
const MOST_EVENTS = 400;

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return Math.round(milliseconds) / 1000;
}

export class Clock {
  constructor() {
    this.start = performance.now();
    this.last = this.start;
    this.active = 0;
    this.hidden = 0;
    this.left = 0;
    this.awaySince = document.visibilityState === "hidden" ? this.start : 0;
    this.ready = 0;
    /** @type {object} */
    this.environment = {};
    /** @type {object[]} */
    this.events = [];
    this.abort = new AbortController();
    const { signal } = this.abort;
    for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      document.addEventListener(kind, () => this.touch(), { passive: true, signal });
    }
    document.addEventListener("visibilitychange", () => this.away(), { signal });
    document.addEventListener("viewer:ready", (event) => this.shown(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("viewer:event", (event) => this.note(/** @type {CustomEvent} */ (event).detail), { signal });
  }

  /** This trial is over, the page is not. */
  stop() {
    this.abort.abort();
  }

  /** Something was done: the time since the last thing counts, unless it was long. */
  touch() {
    const now = performance.now();
    this.active += Math.min(now - this.last, IDLE);
    this.last = now;
  }

  away() {
    const now = performance.now();
    if (document.visibilityState === "hidden") {
      this.left += 1;
      this.awaySince = now;
    } else if (this.awaySince) {
      this.hidden += now - this.awaySince;
      this.awaySince = 0;
      this.last = now;
    }
  }

  /** @param {object} environment */
  shown(environment) {
    this.ready = this.ready || performance.now();
    this.environment = environment;
  }

  /** @param {object} detail */
  note(detail) {
    if (this.events.length < MOST_EVENTS) {
      this.events.push(detail);
    }
  }

  /** All of it, in seconds. */
  record() {
    this.touch();
    const now = performance.now();
    return {
      at: new Date().toISOString(),
      elapsed_seconds: seconds(now - this.start),
      visible_after_seconds: this.ready ? seconds(this.ready - this.start) : null,
      active_seconds: seconds(this.active),
      hidden_seconds: seconds(this.hidden),
      left: this.left,
      timezone_offset: new Date().getTimezoneOffset(),
      viewport: [window.innerWidth, window.innerHeight],
      viewer: this.environment,
      events: this.events,
    };
  }
}
