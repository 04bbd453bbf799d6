/**
 * The line that says what is saved and what waits.
 *
 * Its words are attributes of the element, so that pages can translate them: data-text-saved ("Saved {time}"),
 * data-text-saving, data-text-waiting ("{count} waiting"), data-text-refused, data-text-download, data-text-memory.
 * Its state is in data-state: idle, saving, waiting, saved or refused.
 */

const WORDS = {
  textSaved: "Saved {time}",
  textSaving: "Saving …",
  textWaiting: "{count} waiting",
  textRefused: "The server did not accept an answer.",
  textDownload: "Download the answer",
  textMemory: "Keep this page open: this browser cannot store answers.",
};

/**
 * @typedef {object} Situation
 * @property {number} waiting
 * @property {boolean} trying whether nothing has failed so far
 * @property {import("./outbox-store.js").Answer[]} refused
 * @property {string} savedAt
 * @property {boolean} lasting
 */

/** @param {HTMLElement} element @param {Situation} situation */
export function announce(element, situation) {
  const state = stateOf(situation);
  const text = sentence(element, state, situation);
  if (element.dataset.state === state && element.dataset.shown === text) {
    return;
  }
  element.dataset.state = state;
  element.dataset.shown = text;
  element.replaceChildren(document.createTextNode(text));
  if (situation.refused.length > 0) {
    element.append(" ", download(element, situation.refused));
  }
}

/** @param {Situation} situation */
function stateOf({ waiting, trying, refused, savedAt }) {
  if (refused.length > 0) {
    return "refused";
  }
  if (waiting > 0) {
    return trying ? "saving" : "waiting";
  }
  return savedAt ? "saved" : "idle";
}

/** @param {HTMLElement} element @param {string} state @param {Situation} situation */
function sentence(element, state, { waiting, refused, savedAt, lasting }) {
  const word = (/** @type {keyof typeof WORDS} */ name) => element.dataset[name] ?? WORDS[name];
  const count = word("textWaiting").replace("{count}", String(waiting));
  if (state === "refused") {
    const sentences = new Set(refused.map((answer) => answer.refused?.message || word("textRefused")));
    return [...sentences, ...(waiting > 0 ? [count] : [])].join(" ");
  }
  if (state === "saved") {
    return word("textSaved").replace("{time}", clock(savedAt));
  }
  const text = { saving: word("textSaving"), waiting: count, idle: "" }[state] ?? "";
  return state === "waiting" && !lasting ? `${text}. ${word("textMemory")}` : text;
}

/** Hours and minutes here. @param {string} moment */
function clock(moment) {
  const date = new Date(moment);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return Number.isNaN(date.getTime()) ? "" : `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** @param {HTMLElement} element @param {import("./outbox-store.js").Answer[]} refused */
function download(element, refused) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = element.dataset.textDownload ?? WORDS.textDownload;
  button.addEventListener("click", () => {
    const answers = refused.map(({ key, url, body, refused: why }) => ({ key, url, answer: JSON.parse(body), why }));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(answers, null, 2)], { type: "application/json" }));
    link.download = "answers.json";
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  return button;
}
