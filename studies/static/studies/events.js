/**
 * The interaction log of a trial's page: what the viewer reports, and what happens around it, in numbered batches.
 *
 * Batches that could not be sent stay in this browser and go out from the next page; the server takes each once.
 */

const EVERY = 5000;
const IDLE = 30000;
const MOST_EVENTS = 200;
const MOST_WAITING = 60;
const SHELF = "events:waiting";

/** @typedef {{url: string, body: string}} Parcel */

/** @returns {Parcel[]} what earlier pages could not send */
function unshelve() {
  try {
    const kept = JSON.parse(localStorage.getItem(SHELF) ?? "[]");
    localStorage.removeItem(SHELF);
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

/** @param {Parcel[]} parcels */
function shelve(parcels) {
  try {
    if (parcels.length > 0) {
      const there = JSON.parse(localStorage.getItem(SHELF) ?? "[]");
      localStorage.setItem(SHELF, JSON.stringify([...there, ...parcels].slice(-MOST_WAITING)));
    }
  } catch {
    // Without storage a gap stays in the log, and the log shows it.
  }
}

/** A random UUID, where the page is not served over HTTPS too. */
function identifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class EventLog {
  /** @param {HTMLFormElement} form the answer form */
  constructor(form) {
    this.form = form;
    this.url = (form.dataset.answerUrl ?? "").replace(/answer$/, "events");
    this.csrf = /** @type {HTMLInputElement} */ (form.elements.namedItem("csrfmiddlewaretoken")).value;
    this.page = identifier();
    this.start = performance.now();
    this.seq = 0;
    this.isLeaving = false;
    this.isBusy = false;
    this.isCutOff = false;
    /** @type {object[]} */
    this.events = [];
    this.parcels = unshelve();
    this.idle = 0;
    this.abort = new AbortController();
    this.listen();
    this.overlays();
    this.timer = window.setInterval(() => this.flush(), EVERY);
  }

  /** @param {string} kind @param {object} [detail] */
  note(kind, detail = {}) {
    this.events.push({ ...detail, kind, at: Math.round(performance.now() - this.start) });
    if (this.events.length >= MOST_EVENTS) {
      this.flush();
    }
  }

  listen() {
    const { signal } = this.abort;
    document.addEventListener("viewer:event", (event) => {
      const { kind, ...detail } = /** @type {CustomEvent} */ (event).detail;
      delete detail.at;
      this.note(kind, detail);
      this.wake();
    }, { signal });
    this.form.addEventListener("change", (event) => this.answered(/** @type {HTMLElement} */ (event.target)));
    document.addEventListener("visibilitychange", () => this.seen(), { signal });
    window.addEventListener("blur", () => this.note("blur"), { signal });
    window.addEventListener("focus", () => this.note("focus"), { signal });
    window.addEventListener("pagehide", () => this.leave(), { signal });
    document.addEventListener("trial:leaving", () => this.leave(), { signal });
    window.addEventListener("online", () => this.flush(), { signal });
    for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      document.addEventListener(kind, () => this.wake(), { passive: true, signal });
    }
    document.addEventListener(
      "pointerdown",
      (event) => this.note("pointer_type", { type: event.pointerType }),
      { once: true, signal },
    );
    this.wake();
  }

  /** Whether each viewer begins with an overlay on the screen. */
  overlays() {
    const viewers = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-controller=viewer]")]);
    for (const viewer of viewers.filter((each) => each.dataset.mapUrl)) {
      this.note("start", { viewer: viewer.dataset.name ?? "", shown: viewer.dataset.overlay !== "off" });
    }
  }

  /** @param {HTMLElement} control */
  answered(control) {
    const question = /** @type {HTMLElement | null} */ (control.closest("[data-question]"));
    const value = control instanceof HTMLInputElement && control.type !== "hidden" ? control.value : null;
    if (question) {
      this.note("answer_change", {
        question: (question.dataset.question ?? "").slice(0, 64),
        value: value === null || value.length > 64 ? null : value,
      });
    }
  }

  seen() {
    this.note("visibility", { visible: document.visibilityState === "visible" });
    if (document.visibilityState === "hidden") {
      this.flush();
    }
  }

  /** Something was done: half a minute without it is idle. */
  wake() {
    window.clearTimeout(this.idle);
    this.idle = window.setTimeout(() => this.note("idle"), IDLE);
  }

  leave() {
    if (!this.isLeaving) {
      this.isLeaving = true;
      this.note("leave");
      this.pack(true);
      this.parcels.forEach((parcel) => this.post(parcel));
      // Without a connection they wait for the next page; one sent twice is taken once.
      if (this.isCutOff || !navigator.onLine) {
        shelve(this.parcels);
      }
      this.abort.abort();
      window.clearInterval(this.timer);
      window.clearTimeout(this.idle);
    }
  }

  /** @param {boolean} last */
  pack(last) {
    if (this.events.length > 0) {
      const body = { page: this.page, seq: this.seq, step: this.form.dataset.step ?? "", last, events: this.events };
      this.parcels.push({ url: this.url, body: JSON.stringify(body) });
      this.seq += 1;
      this.events = [];
    }
  }

  async flush() {
    if (this.isLeaving || this.isBusy) {
      return;
    }
    this.isBusy = true;
    this.pack(false);
    while (this.parcels.length > 0 && !this.isLeaving && (await this.post(this.parcels[0]))) {
      this.parcels.shift();
    }
    this.isBusy = false;
  }

  /** @param {Parcel} parcel @returns {Promise<boolean>} whether it is settled: stored, or refused for good */
  async post({ url, body }) {
    try {
      const headers = { "Content-Type": "application/json", "X-CSRFToken": this.csrf };
      const answer = await fetch(url, { method: "POST", body, headers, keepalive: true, credentials: "same-origin" });
      this.isCutOff = answer.status >= 500 || answer.status === 401 || answer.status === 403;
    } catch {
      this.isCutOff = true;
    }
    return !this.isCutOff;
  }
}

for (const form of document.querySelectorAll("form[data-controller=trial]")) {
  new EventLog(/** @type {HTMLFormElement} */ (form));
}

document.addEventListener("trial:turned", (event) => new EventLog(/** @type {CustomEvent} */ (event).detail.form));
