/**
 * Answers on their way to the server: stored in this browser before they are sent, and kept until the server says
 * that it has them. Survives a lost connection, a server error, a reload, a double click and a second tab.
 *
 *     const outbox = createOutbox({ url: "/s/<token>/answer", csrf: token, status: element });
 *     const ack = await outbox.submit({ coverage: 4 });
 *
 * What is sent is the payload as JSON with one more field, `key`, which is also the `Idempotency-Key` header. The
 * server acknowledges with 200 or 201 and `{"saved_at": "2026-11-23T14:03:00Z", ...}`; anything else that is not a
 * refusal is tried again. A refusal (4xx) is final for that answer: the server's sentence (`detail`) is shown, and the
 * answer stays here, to be downloaded. Where the server says `superseded`, another answer stands in its place and the
 * page that sent it tells the reader so.
 */

import { exclusively } from "./outbox-lock.js";
import { openStore } from "./outbox-store.js";
import { announce } from "./outbox-status.js";

/**
 * @typedef {object} Options
 * @property {string} url where this page's answers go
 * @property {string | (() => string)} csrf sent as X-CSRFToken
 * @property {HTMLElement | null} [status] told what is saved and what waits; see outbox-status.js
 * @property {string} [scope] whose answers these are: only answers of the same scope are sent by this page
 * @property {number} [firstDelay] milliseconds before the first repetition (1000); doubled each time
 * @property {number} [longestDelay] (30000)
 * @property {number} [patience] milliseconds until a request counts as lost (20000)
 *
 * @typedef {{saved_at: string} & Record<string, unknown>} Ack
 *
 * @typedef {object} Outbox
 * @property {(payload: Record<string, unknown>) => Promise<Ack>} submit rejects with RefusedAnswer, and only then
 * @property {() => Promise<void>} flush send now what waits
 * @property {() => Promise<number>} waiting how many wait
 * @property {() => void} close stop sending from this page; what waits stays stored
 */

/** The server will not take this answer; its message is the server's sentence. */
export class RefusedAnswer extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** @param {Options} options @returns {Outbox} */
export function createOutbox(options) {
  const sender = new Sender(options);
  sender.begin();
  return {
    submit: (payload) => sender.submit(payload),
    flush: () => sender.flush(),
    waiting: async () => (await sender.own()).filter((answer) => !answer.refused).length,
    close: () => sender.close(),
  };
}

/** These mean "later", though they are 4xx: timeout, too early, too many. */
const LATER = new Set([408, 425, 429]);

/** These may be over once the reader has signed in again: tried once more by each new page. */
const SIGN_IN = new Set([401, 403]);

class Sender {
  /** @param {Options} options */
  constructor(options) {
    this.options = { scope: "", firstDelay: 1000, longestDelay: 30000, patience: 20000, status: null, ...options };
    this.store = openStore();
    /** @type {Map<string, {promise: Promise<Ack>, resolve: (ack: Ack) => void, reject: (error: Error) => void}>} */
    this.promises = new Map();
    /** @type {Promise<void> | null} */
    this.running = null;
    this.again = false;
    this.failures = 0;
    this.timer = 0;
    this.closed = false;
    this.savedAt = "";
    /** What this page submitted last: a second click on the same answer is the same answer. */
    this.last = { body: "", promise: /** @type {Promise<Ack> | null} */ (null) };
    this.abort = new AbortController();
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel("outbox") : null;
  }

  async begin() {
    const { signal } = this.abort;
    const now = () => this.flush();
    window.addEventListener("online", now, { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && now(), { signal });
    this.channel?.addEventListener("message", () => this.settle(), { signal });
    const store = await this.store;
    for (const answer of await this.own()) {
      if (answer.refused && !answer.superseded && SIGN_IN.has(answer.refused.status)) {
        await store.update({ ...answer, refused: null });
      }
    }
    await this.flush();
  }

  /** This page's answers, oldest first. */
  async own() {
    const all = await (await this.store).all();
    return all.filter((answer) => answer.scope === this.options.scope);
  }

  /** @param {Record<string, unknown>} payload @returns {Promise<Ack>} */
  submit(payload) {
    const body = JSON.stringify(payload);
    if (this.last.promise && this.last.body === body) {
      return this.last.promise;
    }
    const promise = this.keep(body);
    this.last = { body, promise };
    promise.catch(() => {
      if (this.last.promise === promise) {
        this.last.promise = null;
      }
    });
    return promise;
  }

  /** @param {string} body @returns {Promise<Ack>} */
  async keep(body) {
    const { url, scope } = this.options;
    const key = await (await this.store).add({ key: identifier(), url, scope, body, refused: null });
    const promise = this.promise(key);
    this.channel?.postMessage("added");
    this.flush();
    return promise;
  }

  /** One promise an answer, however often it is submitted. @param {string} key */
  promise(key) {
    const known = this.promises.get(key);
    if (known) {
      return known.promise;
    }
    /** @type {(ack: Ack) => void} */
    let resolve = () => {};
    /** @type {(error: Error) => void} */
    let reject = () => {};
    const promise = new Promise((yes, no) => {
      resolve = yes;
      reject = no;
    });
    this.promises.set(key, { promise, resolve, reject });
    return promise;
  }

  /** @returns {Promise<void>} */
  flush() {
    if (this.running) {
      this.again = true;
      return this.running;
    }
    window.clearTimeout(this.timer);
    this.running = this.run().catch((error) => this.faltered(error)).finally(() => {
      this.running = null;
      if (this.again && !this.closed) {
        this.again = false;
        this.flush();
      }
    });
    return this.running;
  }

  async run() {
    if (this.closed) {
      return;
    }
    await this.settle();
    await exclusively(await this.store, () => this.sendAll());
    await this.settle();
  }

  /** In order; after a failure nothing more to the same address, so that a correction never overtakes. */
  async sendAll() {
    const store = await this.store;
    const stuck = new Set();
    for (const answer of await this.own()) {
      if (this.closed) {
        return;
      }
      if (answer.refused || stuck.has(answer.url)) {
        continue;
      }
      const outcome = await this.send(answer);
      if (outcome.ack) {
        await store.acknowledge(answer, outcome.ack);
        this.failures = 0;
        this.channel?.postMessage("saved");
      } else if (outcome.refused) {
        await store.update({ ...answer, refused: outcome.refused, superseded: outcome.superseded === true });
        this.channel?.postMessage("refused");
      } else {
        stuck.add(answer.url);
      }
      await this.settle();
    }
    if (stuck.size > 0) {
      this.later();
    }
  }

  /**
   * @param {import("./outbox-store.js").Answer} answer
   * @returns {Promise<{ack?: Ack, refused?: {status: number, message: string}, superseded?: boolean}>} neither: try again
   */
  async send(answer) {
    const { csrf, patience } = this.options;
    const abort = new AbortController();
    const timer = window.setTimeout(() => abort.abort(), patience);
    const stop = () => abort.abort();
    this.abort.signal.addEventListener("abort", stop, { once: true });
    try {
      const response = await fetch(answer.url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json",
          "Idempotency-Key": answer.key,
          "X-CSRFToken": typeof csrf === "function" ? csrf() : csrf,
        },
        body: JSON.stringify({ ...JSON.parse(answer.body), key: answer.key }),
        credentials: "same-origin",
        redirect: "manual",
        cache: "no-store",
        signal: abort.signal,
      });
      return await reading(response);
    } catch {
      return {}; // no connection, or it broke: the answer is stored and goes out again
    } finally {
      window.clearTimeout(timer);
      this.abort.signal.removeEventListener("abort", stop);
    }
  }

  /** The browser's own storage failed: tell its console, and try again. @param {unknown} error */
  faltered(error) {
    reportError(error);
    this.later();
  }

  later() {
    if (this.closed) {
      return;
    }
    this.failures += 1;
    const { firstDelay, longestDelay } = this.options;
    const delay = Math.min(longestDelay, firstDelay * 2 ** (this.failures - 1)) * (0.75 + Math.random() / 2);
    this.timer = window.setTimeout(() => this.flush(), delay);
  }

  /** Tell those who wait, and the status line, what became of the answers; another tab may have sent them. */
  async settle() {
    if (this.closed) {
      return;
    }
    const store = await this.store;
    const answers = await this.own();
    for (const [key, { resolve, reject }] of this.promises) {
      const answer = answers.find((other) => other.key === key);
      const ack = answer ? null : await store.acknowledgement(key);
      if (ack) {
        this.savedAt = ack.saved_at;
        this.promises.delete(key);
        resolve(ack);
      } else if (answer?.refused) {
        this.promises.delete(key);
        reject(new RefusedAnswer(answer.refused.message, answer.refused.status));
      }
    }
    if (this.options.status) {
      announce(this.options.status, {
        waiting: answers.filter((answer) => !answer.refused).length,
        trying: this.failures === 0,
        refused: answers.filter((answer) => answer.refused && !answer.superseded),
        savedAt: this.savedAt,
        lasting: store.lasting,
      });
    }
  }

  close() {
    this.closed = true;
    window.clearTimeout(this.timer);
    this.abort.abort();
    this.channel?.close();
  }
}

/** @param {Response} response */
async function reading(response) {
  const { status } = response;
  const answer = await response.json().catch(() => null);
  if ((status === 200 || status === 201) && typeof answer?.saved_at === "string") {
    return { ack: answer };
  }
  if (status >= 400 && status < 500 && !LATER.has(status)) {
    const message = typeof answer?.detail === "string" ? answer.detail : "";
    return { refused: { status, message }, superseded: answer?.superseded === true };
  }
  return {};
}

/** A random UUID; `crypto.randomUUID` is missing where the page is not served over HTTPS. */
function identifier() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
