/**
 * On to the next trial without a new page: the viewer stays with its graphics context and shows an image that is in the
 * browser already; the answer form and what stands above it are those of the next trial's own page.
 *
 * Whatever is not just another trial of the same kind (instructions, a break, another task) is a new page as ever.
 */

import { fetchAhead } from "../portal/viewer/ahead.js";

const QUIET = 300;
const VIEWERS = '[data-controller~="viewer"]';
const CHANGING = [".where", "h1", ".answer"];

/** Fetch what comes next, once the image of this trial stands and nothing else is to be done. @param {HTMLFormElement} form */
export function lookAhead({ dataset }) {
  window.setTimeout(() => fetchAhead([dataset.aheadImage ?? "", dataset.aheadHeader ?? ""]), QUIET);
}

/**
 * @param {string} url the next trial's page
 * @param {() => void} leave called just before this trial goes
 * @returns {Promise<HTMLFormElement | null>} the next trial's form; null where it takes a new page
 */
export async function turn(url, leave) {
  const next = await pageAt(url);
  if (!next || !isAlike(next)) {
    return null;
  }
  const viewers = [...document.querySelectorAll(VIEWERS)];
  viewers.forEach((viewer) => viewer.dispatchEvent(new CustomEvent("viewer:flush")));
  leave();
  window.history.replaceState(null, "", url);
  document.title = next.title;
  copyAttributes(next.body, document.body, () => true);
  for (const selector of CHANGING) {
    document.querySelector(selector)?.replaceWith(document.importNode(/** @type {Element} */ (next.querySelector(selector)), true));
  }
  const roots = [...next.querySelectorAll(VIEWERS)];
  viewers.forEach((viewer, index) => copyAttributes(roots[index], viewer, (name) => name.startsWith("data-") && !STATE.has(name)));
  viewers.forEach((viewer) => viewer.dispatchEvent(new CustomEvent("viewer:load")));
  window.scrollTo(0, 0);
  const heading = /** @type {HTMLElement} */ (document.querySelector("h1"));
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return document.querySelector("form[data-controller=trial]");
}

/** What the viewer itself writes on its element. */
const STATE = new Set(["data-state", "data-painted", "data-controller"]);

/** @param {string} url @returns {Promise<Document | null>} */
async function pageAt(url) {
  try {
    const answer = await fetch(url, { credentials: "same-origin", cache: "no-store" });
    const sameAddress = new URL(answer.url).pathname === new URL(url, window.location.href).pathname;
    return answer.ok && sameAddress ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  } catch {
    return null;
  }
}

/** The same scripts, styles, task and number of viewers: nothing else on the page has to change. @param {Document} next */
function isAlike(next) {
  const marks = (/** @type {Document} */ page) =>
    JSON.stringify([
      [...page.querySelectorAll("script[src], link[rel=stylesheet]")].map((each) => each.getAttribute("src") ?? each.getAttribute("href")),
      page.documentElement.lang,
      page.querySelector(".trial")?.className,
      page.querySelector(".phantom")?.textContent,
      [...page.querySelectorAll(".sight h2")].filter((each) => !each.closest(VIEWERS)).map((each) => each.textContent),
      page.querySelectorAll(VIEWERS).length,
      CHANGING.map((selector) => page.querySelectorAll(selector).length),
    ]);
  return next.querySelector("form[data-controller=trial]") !== null && marks(next) === marks(document);
}

/** @param {Element} from @param {Element} to @param {(name: string) => boolean} which */
function copyAttributes(from, to, which) {
  for (const { name } of [...to.attributes].filter((each) => which(each.name) && !from.hasAttribute(each.name))) {
    to.removeAttribute(name);
  }
  for (const { name, value } of [...from.attributes].filter((each) => which(each.name))) {
    to.setAttribute(name, value);
  }
}
