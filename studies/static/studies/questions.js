/** The questions of an answer form: what is answered, what is missing, and digits that choose. */

import { holds } from "./conditions.js";

/** @param {ParentNode} form @returns {HTMLElement[]} */
function questions(form) {
  return [...form.querySelectorAll("[data-question]")].map((each) => /** @type {HTMLElement} */ (each));
}

/** Questions that are asked now: conditions hide the others. @param {ParentNode} form */
function asked(form) {
  return questions(form).filter((each) => !each.hidden);
}

/** @param {HTMLElement} question @param {string} selector @returns {string[]} values of what is ticked */
function ticked(question, selector = "input:checked") {
  return [...question.querySelectorAll(selector)].map((each) => /** @type {HTMLInputElement} */ (each).value);
}

/** @type {Record<string, (question: HTMLElement) => unknown>} by kind; null where there is no answer */
const READERS = {
  choice: (question) => ticked(question)[0] ?? null,
  reasons: (question) => (ticked(question).length > 0 ? ticked(question) : null),
  probability: number,
  number,
  region,
  ranking,
  "best-worst": (question) => {
    const [best, worst] = ["best", "worst"].map((end) => ticked(question, `[data-end=${end}]:checked`)[0]);
    return best === undefined || worst === undefined || best === worst ? null : { best, worst };
  },
  text: (question) => /** @type {HTMLTextAreaElement} */ (question.querySelector("textarea")).value || null,
};

/** @param {HTMLElement} question @returns {unknown} null where there is no answer */
function answerOf(question) {
  return (READERS[question.dataset.kind ?? ""] ?? READERS.text)(question);
}

/** @param {HTMLElement} question */
function number(question) {
  const field = /** @type {HTMLInputElement} */ (question.querySelector("input[type=number]"));
  return field.value === "" ? null : Number(field.value);
}

/** The marks, each with its confidence where the question asks for it. @param {HTMLElement} question */
function region(question) {
  const field = /** @type {HTMLInputElement} */ (question.querySelector("input[type=hidden]"));
  /** @type {{confidence?: number}[]} */
  const marks = JSON.parse(field.value || "[]");
  const isRated = !("rated" in question.dataset) || marks.every((mark) => mark.confidence !== undefined);
  return marks.length > 0 && isRated ? marks : null;
}

/** Options in the order of their places; null while two share a place or one has none. @param {HTMLElement} question */
function ranking(question) {
  const places = [...question.querySelectorAll("select")].map((each) => ({
    option: /** @type {HTMLSelectElement} */ (each).dataset.option,
    place: Number(/** @type {HTMLSelectElement} */ (each).value),
  }));
  const order = [...places].sort((one, other) => one.place - other.place);
  return order.every((each, before) => each.place === before + 1) ? order.map((each) => each.option) : null;
}

/** @param {ParentNode} form @returns {Record<string, unknown>} by question, without those left out or not asked */
export function answersOf(form) {
  const given = asked(form).map((each) => [each.dataset.question, answerOf(each)]);
  return Object.fromEntries(given.filter(([, value]) => value !== null));
}

/** @param {ParentNode} form @returns {HTMLElement | null} the first control whose answer is missing or out of range */
export function missing(form) {
  for (const question of asked(form)) {
    const wrong = /** @type {HTMLElement | null} */ (question.querySelector("input:invalid, textarea:invalid"));
    if (wrong) {
      return wrong;
    }
    if (answerOf(question) === null && ("required" in question.dataset || isBegun(question))) {
      return /** @type {HTMLElement | null} */ (
        question.querySelector("input:not([type=range], [type=hidden], [hidden] *), button:not([hidden]), textarea, select")
      ) ?? question;
    }
  }
  return null;
}

/** Whether an answer was begun and not finished: a place without the others, a mark without its confidence.
 * @param {HTMLElement} question */
function isBegun(question) {
  const marked = question.dataset.kind === "region" && !["", "[]"].includes(question.querySelector("input")?.value ?? "");
  const chosen = ticked(question, "[data-end]:checked").length > 0;
  const placed = [...question.querySelectorAll("select")].some((each) => /** @type {HTMLSelectElement} */ (each).value !== "");
  return chosen || placed || marked;
}

/**
 * Ask only what the earlier answers let be asked, now and after every answer.
 * @param {HTMLElement} form `data-earlier` holds the answers of earlier steps
 */
export function bindConditions(form) {
  const earlier = JSON.parse(form.dataset.earlier || "{}");
  const apply = () => {
    /** @type {Record<string, unknown>} */
    const known = { ...earlier };
    for (const question of questions(form)) {
      question.hidden = !holds(question.dataset.when ?? "", known);
      const answer = question.hidden ? null : answerOf(question);
      // An answer of this step stands for the name, as on the server.
      if (answer !== null) {
        known[question.dataset.question ?? ""] = answer;
      }
    }
  };
  form.addEventListener("input", apply);
  form.addEventListener("change", apply);
  apply();
}

/** Put orders and choices of ends that were given before back into their controls. @param {ParentNode} form */
export function restore(form) {
  for (const question of questions(form).filter((each) => each.dataset.value)) {
    const value = JSON.parse(question.dataset.value ?? "null");
    for (const [place, option] of (Array.isArray(value) ? value : []).entries()) {
      const field = /** @type {HTMLSelectElement | null} */ (question.querySelector(`[data-option="${option}"]`));
      field?.querySelectorAll("option")[place + 1]?.setAttribute("selected", "");
    }
    for (const end of ["best", "worst"]) {
      const field = question.querySelector(`[data-end=${end}][value="${value?.[end]}"]`);
      if (field instanceof HTMLInputElement) {
        field.checked = true;
      }
    }
  }
}

/**
 * Choose by digit in the question that has the focus, or in the first one without an answer; then move on.
 * @param {ParentNode} form @param {number} digit @param {Element | null} focus
 * @returns {boolean} whether something was chosen
 */
export function choose(form, digit, focus) {
  const open = asked(form).filter((each) => each.dataset.kind === "choice");
  const here = focus?.closest("[data-question]");
  const question = open.find((each) => each === here) ?? open.find((each) => answerOf(each) === null) ?? open[0];
  const input = /** @type {HTMLInputElement | null | undefined} */ (question?.querySelector(`input[data-key="${digit}"]`));
  if (!question || !input) {
    return false;
  }
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  // The answer may have let other questions be asked.
  const now = asked(form).filter((each) => each.dataset.kind === "choice");
  const next = now.slice(now.indexOf(question) + 1).find((each) => answerOf(each) === null);
  /** @type {HTMLElement} */ (next?.querySelector("input") ?? input).focus();
  return true;
}

/** A slider has no place before it is touched; then it and its number move together. @param {ParentNode} form */
export function bindSliders(form) {
  for (const question of questions(form)) {
    const slider = /** @type {HTMLInputElement | null} */ (question.querySelector("[data-part=slider]"));
    const number = /** @type {HTMLInputElement | null} */ (question.querySelector("input[type=number]"));
    if (slider && number) {
      const touch = () => slider.classList.toggle("untouched", number.value === "");
      const take = () => {
        number.value = slider.value;
        touch();
      };
      slider.addEventListener("input", take);
      slider.addEventListener("click", take);
      number.addEventListener("input", () => {
        slider.value = number.value || "50";
        touch();
      });
      slider.value = number.value || "50";
      touch();
    }
  }
}
