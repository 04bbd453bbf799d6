/** The questions of an answer form: what is answered, what is missing, and digits that choose. */

/** @param {ParentNode} form @returns {HTMLElement[]} */
function questions(form) {
  return [...form.querySelectorAll("[data-question]")].map((each) => /** @type {HTMLElement} */ (each));
}

/** @param {HTMLElement} question @returns {unknown} null where there is no answer */
function answerOf(question) {
  const ticked = [...question.querySelectorAll("input:checked")].map((each) => /** @type {HTMLInputElement} */ (each).value);
  switch (question.dataset.kind) {
    case "choice":
      return ticked[0] ?? null;
    case "reasons":
      return ticked.length > 0 ? ticked : null;
    case "probability": {
      const field = /** @type {HTMLInputElement} */ (question.querySelector("input[type=number]"));
      return field.value === "" ? null : Number(field.value);
    }
    case "region": {
      const marks = JSON.parse(/** @type {HTMLInputElement} */ (question.querySelector("input[type=hidden]")).value || "[]");
      return marks.length > 0 ? marks : null;
    }
    default:
      return /** @type {HTMLTextAreaElement} */ (question.querySelector("textarea")).value || null;
  }
}

/** @param {ParentNode} form @returns {Record<string, unknown>} by question, without those left out */
export function answersOf(form) {
  const given = questions(form).map((each) => [each.dataset.question, answerOf(each)]);
  return Object.fromEntries(given.filter(([, value]) => value !== null));
}

/** @param {ParentNode} form @returns {HTMLElement | null} the first control whose answer is missing or out of range */
export function missing(form) {
  for (const question of questions(form)) {
    const wrong = /** @type {HTMLElement | null} */ (question.querySelector("input:invalid, textarea:invalid"));
    if (wrong) {
      return wrong;
    }
    if ("required" in question.dataset && answerOf(question) === null) {
      return question.querySelector("input:not([type=range], [type=hidden], [hidden] *), button:not([hidden]), textarea");
    }
  }
  return null;
}

/**
 * Choose by digit in the question that has the focus, or in the first one without an answer; then move on.
 * @param {ParentNode} form @param {number} digit @param {Element | null} focus
 * @returns {boolean} whether something was chosen
 */
export function choose(form, digit, focus) {
  const open = questions(form).filter((each) => each.dataset.kind === "choice");
  const here = focus?.closest("[data-question]");
  const question = open.find((each) => each === here) ?? open.find((each) => answerOf(each) === null) ?? open[0];
  const input = /** @type {HTMLInputElement | null | undefined} */ (question?.querySelector(`input[data-key="${digit}"]`));
  if (!question || !input) {
    return false;
  }
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  const next = open.slice(open.indexOf(question) + 1).find((each) => answerOf(each) === null);
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
