/** The answer form beside the image: keys, checks, and sending through the outbox. */

import { RefusedAnswer, createOutbox } from "../portal/js/outbox.js";
import { Clock } from "./clock.js";
import { answersOf, bindConditions, bindSliders, choose, missing, restore } from "./questions.js";
import { lookAhead, turn } from "./turn.js";

/** Where the answer begins without digits: many images lie between the page's top and the form. */
const BEGINNING = ".question input[type=number], .question select, .question [data-end]";

class Trial {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.clock = new Clock();
    this.sent = false;
    this.status = /** @type {HTMLElement} */ (document.querySelector("[data-part=status]"));
    const csrf = /** @type {HTMLInputElement} */ (form.elements.namedItem("csrfmiddlewaretoken"));
    this.outbox = createOutbox({
      url: form.dataset.answerUrl ?? "",
      csrf: csrf.value,
      scope: form.dataset.scope ?? "",
      status: this.status,
    });
    restore(form);
    bindSliders(form);
    bindConditions(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.abort = new AbortController();
    const { signal } = this.abort;
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.lookUp(), { signal });
    document.addEventListener("viewer:ready", () => lookAhead(form), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && window.location.reload(), { signal });
    /** @type {HTMLElement | null} */ (form.querySelector(BEGINNING))?.focus({ preventScroll: true });
    this.pending();
  }

  /** What was answered before a reload goes out first; then the reader goes on from where they are. */
  async pending() {
    this.trouble(recall("refused"));
    const signedOut = recall("signed-out") !== "";
    if (!signedOut && ((await this.outbox.waiting()) === 0 || this.sent)) {
      return;
    }
    this.lock(true);
    this.trouble(this.form.dataset.textPending ?? "");
    if (signedOut) {
      await this.afterSigningIn();
      return;
    }
    await this.outbox.flush();
    while ((await this.outbox.waiting()) > 0) {
      await pause();
    }
    this.go(this.form.dataset.resumeUrl ?? "/");
  }

  /** The answer that was refused to somebody signed out goes out again by itself; this page is over once it has. */
  async afterSigningIn() {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await pause();
      if (await this.lookUp()) {
        return;
      }
    }
    this.lock(false);
    this.trouble("");
  }

  /** A digit chooses, Enter sends; fields that one types into keep their keys. @param {KeyboardEvent} event */
  key(event) {
    const target = event.target;
    const typed = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "number");
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    if (/^[1-9]$/.test(event.key) && !typed && !this.sent) {
      if (choose(this.form, Number(event.key), target instanceof Element ? target : null)) {
        event.preventDefault();
      }
    } else if (event.key === "Enter" && this.isFree(target)) {
      event.preventDefault();
      this.enter();
    }
  }

  /** Whether Enter has no other meaning here. @param {EventTarget | null} target */
  isFree(target) {
    return !(target instanceof HTMLTextAreaElement || (target instanceof Element && target.closest("a, button, select, summary")));
  }

  enter() {
    const feedback = this.part("feedback");
    if (feedback && !feedback.hidden) {
      /** @type {HTMLAnchorElement} */ (this.part("go-on")).click();
    } else {
      this.form.requestSubmit();
    }
  }

  async send() {
    if (this.sent) {
      return;
    }
    const empty = missing(this.form);
    if (empty) {
      this.trouble(this.form.dataset.textMissing ?? "");
      empty.focus();
      return;
    }
    this.sent = true;
    this.trouble("");
    // Answers are read before the form is locked: locked controls have none.
    const submitted = this.outbox.submit({
      step: this.form.dataset.step ?? "",
      answers: answersOf(this.form),
      client: this.clock.record(),
      ...("revise" in this.form.dataset ? { revise: true } : {}),
    });
    this.lock(true);
    const waiting = window.setTimeout(() => this.trouble(this.form.dataset.textKept ?? ""), 4000);
    try {
      this.saved(await submitted);
    } catch (error) {
      this.refused(error);
    } finally {
      window.clearTimeout(waiting);
    }
  }

  /** @param {import("../portal/js/outbox.js").Ack} receipt */
  saved(receipt) {
    this.trouble("");
    const next = typeof receipt.next === "string" ? receipt.next : (this.form.dataset.resumeUrl ?? "/");
    const feedback = /** @type {{sentence: string} | undefined} */ (receipt.feedback);
    const place = this.part("feedback");
    if (!feedback || !place) {
      this.goOn(next);
      return;
    }
    /** @type {HTMLElement} */ (this.part("feedback-sentence")).textContent = feedback.sentence;
    /** @type {HTMLAnchorElement} */ (this.part("go-on")).href = next;
    /** @type {HTMLElement} */ (this.part("send")).hidden = true;
    place.hidden = false;
    place.focus();
  }

  /** @param {unknown} error */
  refused(error) {
    if (!(error instanceof RefusedAnswer)) {
      throw error;
    }
    if (error.status === 401) {
      remember("signed-out", "yes");
      this.go(this.form.dataset.signInUrl ?? "/");
    } else if (error.status === 409) {
      remember("refused", error.message);
      this.go(this.form.dataset.resumeUrl ?? "/");
    } else {
      this.sent = false;
      this.lock(false);
      this.trouble(error.message);
    }
  }

  /** The trial may have been answered from elsewhere: then this page is over. @returns {Promise<boolean>} */
  async lookUp() {
    if (this.sent) {
      return false;
    }
    try {
      const answer = await fetch(window.location.href, { method: "HEAD", redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" && !this.sent) {
        this.go(this.form.dataset.resumeUrl ?? "/");
        return true;
      }
    } catch {
      // No connection: nothing is known, and nothing changes.
    }
    return false;
  }

  /** @param {boolean} locked */
  lock(locked) {
    for (const control of this.form.querySelectorAll("input, textarea, select, button")) {
      /** @type {HTMLInputElement} */ (control).disabled = locked;
    }
    this.form.classList.toggle("answer--locked", locked);
  }

  /** @param {string} sentence */
  trouble(sentence) {
    const place = this.part("trouble");
    if (place) {
      place.textContent = sentence;
      place.hidden = sentence === "";
    }
  }

  /** To the next trial within this page where that will do. @param {string} url */
  async goOn(url) {
    const form = await turn(url, () => this.leave());
    if (form) {
      new Trial(form);
      document.dispatchEvent(new CustomEvent("trial:turned", { detail: { form } }));
    } else {
      this.go(url);
    }
  }

  /** Another trial takes this page over. */
  leave() {
    document.dispatchEvent(new CustomEvent("trial:leaving"));
    this.abort.abort();
    this.clock.stop();
    this.outbox.close();
  }

  /** @param {string} url */
  go(url) {
    this.outbox.close();
    window.location.replace(url);
  }

  /** @param {string} name @returns {HTMLElement | null} */
  part(name) {
    return this.form.querySelector(`[data-part="${name}"]`);
  }
}

function pause() {
  return new Promise((resolve) => window.setTimeout(resolve, 500));
}

/** For the next page of this tab. @param {string} name @param {string} value */
function remember(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // Without storage the next page says less; no answer depends on it.
  }
}

/** What the page before left; asked once. @param {string} name */
function recall(name) {
  try {
    const value = sessionStorage.getItem(name) ?? "";
    sessionStorage.removeItem(name);
    return value;
  } catch {
    return "";
  }
}

for (const time of document.querySelectorAll("time[data-part=local-time]")) {
  const moment = new Date(time.getAttribute("datetime") ?? "");
  if (!Number.isNaN(moment.getTime())) {
    const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
    time.textContent = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  }
}

for (const form of document.querySelectorAll("form[data-controller=trial]")) {
  new Trial(/** @type {HTMLFormElement} */ (form));
}
