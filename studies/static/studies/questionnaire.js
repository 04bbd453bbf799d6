/** The page of a questionnaire: checks, keys, and sending through the outbox, as answers to images are sent. */

import { RefusedAnswer, createOutbox } from "../portal/js/outbox.js";
import { Clock } from "./clock.js";
import { answersOf, bindSliders, choose, missing } from "./questions.js";

class Questionnaire {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.clock = new Clock();
    this.sent = false;
    const csrf = /** @type {HTMLInputElement} */ (form.elements.namedItem("csrfmiddlewaretoken"));
    this.outbox = createOutbox({
      url: form.dataset.answerUrl ?? "",
      csrf: csrf.value,
      scope: form.dataset.scope ?? "",
      status: /** @type {HTMLElement | null} */ (document.querySelector("[data-part=status]")),
    });
    bindSliders(form);
    this.tellSliders();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    form.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
    this.pending();
  }

  /** What was sent before a reload goes out first; then the reader goes on from where they are. */
  async pending() {
    if (recallSignedOut()) {
      await this.afterSigningIn();
      return;
    }
    if ((await this.outbox.waiting()) === 0 || this.sent) {
      return;
    }
    this.lock(true);
    this.trouble(this.form.dataset.textPending ?? "");
    await this.outbox.flush();
    while ((await this.outbox.waiting()) > 0) {
      await pause();
    }
    this.go(this.form.dataset.resumeUrl ?? "/");
  }

  /** What was refused to somebody signed out goes out again by itself; this page is over once it has. */
  async afterSigningIn() {
    this.lock(true);
    this.trouble(this.form.dataset.textPending ?? "");
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await pause();
      const answer = await fetch(window.location.href, { method: "HEAD", redirect: "manual", cache: "no-store" }).catch(() => null);
      if (answer?.type === "opaqueredirect") {
        this.go(this.form.dataset.resumeUrl ?? "/");
        return;
      }
    }
    this.lock(false);
    this.trouble("");
  }

  /** A slider that nobody has moved must not be read out as if it stood somewhere. */
  tellSliders() {
    for (const slider of this.form.querySelectorAll("[data-part=slider]")) {
      const tell = () => {
        if (slider.classList.contains("untouched")) {
          slider.setAttribute("aria-valuetext", this.form.dataset.textUntouched ?? "");
        } else {
          slider.removeAttribute("aria-valuetext");
        }
      };
      slider.closest("[data-question]")?.addEventListener("input", tell);
      slider.addEventListener("click", tell);
      tell();
    }
  }

  /** A digit chooses in the question that has the focus, and nowhere else. @param {KeyboardEvent} event */
  key(event) {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof HTMLInputElement) || target.type !== "radio") {
      return;
    }
    if (/^[1-9]$/.test(event.key) && !this.sent && choose(this.form, Number(event.key), target)) {
      event.preventDefault();
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
      empty.scrollIntoView({ block: "center" });
      return;
    }
    this.sent = true;
    this.trouble("");
    // Answers are read before the form is locked: locked controls have none.
    const submitted = this.outbox.submit({
      answers: answersOf(this.form),
      language: this.form.dataset.language ?? "",
      client: this.clock.record(),
    });
    this.lock(true);
    const waiting = window.setTimeout(() => this.trouble(this.form.dataset.textKept ?? ""), 4000);
    try {
      const receipt = await submitted;
      this.go(typeof receipt.next === "string" ? receipt.next : (this.form.dataset.resumeUrl ?? "/"));
    } catch (error) {
      this.refused(error);
    } finally {
      window.clearTimeout(waiting);
    }
  }

  /** @param {unknown} error */
  refused(error) {
    if (!(error instanceof RefusedAnswer)) {
      throw error;
    }
    if (error.status === 401) {
      rememberSignedOut();
      this.go(this.form.dataset.signInUrl ?? "/");
    } else if (error.status === 422 || error.status === 400) {
      this.sent = false;
      this.lock(false);
      this.trouble(error.message);
    } else {
      this.go(this.form.dataset.resumeUrl ?? "/");
    }
  }

  /** @param {boolean} locked */
  lock(locked) {
    for (const control of this.form.querySelectorAll("input, textarea, button")) {
      /** @type {HTMLInputElement} */ (control).disabled = locked;
    }
    this.form.classList.toggle("answer--locked", locked);
  }

  /** @param {string} sentence */
  trouble(sentence) {
    const place = /** @type {HTMLElement | null} */ (this.form.querySelector("[data-part=trouble]"));
    if (place) {
      place.textContent = sentence;
      place.hidden = sentence === "";
    }
  }

  /** @param {string} url */
  go(url) {
    this.outbox.close();
    window.location.replace(url);
  }
}

function pause() {
  return new Promise((resolve) => window.setTimeout(resolve, 500));
}

/** For the next page of this tab; the page of a trial reads the same note. */
function rememberSignedOut() {
  try {
    sessionStorage.setItem("signed-out", "yes");
  } catch {
    // Without storage the next page says less; no answer depends on it.
  }
}

function recallSignedOut() {
  try {
    const noted = sessionStorage.getItem("signed-out") !== null;
    sessionStorage.removeItem("signed-out");
    return noted;
  } catch {
    return false;
  }
}

for (const form of document.querySelectorAll("form[data-controller=questionnaire]")) {
  new Questionnaire(/** @type {HTMLFormElement} */ (form));
}
