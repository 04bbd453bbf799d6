/** What the reader does, told to the page as `viewer:event`, at most twenty times a second of each kind. */

const INTERVAL = 50;

export class Reporter {
  /** @param {HTMLElement} root @param {string} name */
  constructor(root, name) {
    this.root = root;
    this.name = name;
    this.start = performance.now();
    /** @type {Map<string, {detail: object, timer: number}>} */
    this.waiting = new Map();
    /** @type {Map<string, number>} */
    this.last = new Map();
  }

  /** Time runs from here. */
  restart() {
    this.start = performance.now();
  }

  /**
   * @param {string} kind
   * @param {object} detail
   */
  report(kind, detail = {}) {
    const full = { ...detail, kind, viewer: this.name, at: Math.round(performance.now() - this.start) };
    const since = performance.now() - (this.last.get(kind) ?? -Infinity);
    const queued = this.waiting.get(kind);
    if (queued) {
      queued.detail = full;
    } else if (since < INTERVAL) {
      const timer = window.setTimeout(() => this.flush(kind), INTERVAL - since);
      this.waiting.set(kind, { detail: full, timer });
    } else {
      this.send(kind, full);
    }
  }

  /** @param {string} kind */
  flush(kind) {
    const queued = this.waiting.get(kind);
    if (queued) {
      window.clearTimeout(queued.timer);
      this.waiting.delete(kind);
      this.send(kind, queued.detail);
    }
  }

  /** @param {string} kind @param {object} detail */
  send(kind, detail) {
    this.last.set(kind, performance.now());
    this.root.dispatchEvent(new CustomEvent("viewer:event", { bubbles: true, detail }));
  }

  /** Tell what still waits. */
  close() {
    for (const kind of [...this.waiting.keys()]) {
      this.flush(kind);
    }
  }
}
