/**
 * Keeps a part of a page up to date: fetches it again every few seconds while somebody looks at the page. A part that
 * says `data-busy="false"` is finished, and the asking ends. Without scripts the page is reloaded by hand.
 */

const SLOWEST = 60_000;

/**
 * @param {HTMLElement} element `data-address` answers the part's HTML, `data-every` says how many seconds lie between
 * @param {(address: string) => Promise<Response>} [ask]
 */
export function refresh(element, ask = (address) => fetch(address, { credentials: "same-origin" })) {
  const every = Number(element.dataset.every ?? "10") * 1000;
  let wait = every;
  async function look() {
    if (document.hidden || element.contains(document.activeElement)) {
      setTimeout(look, every); // nothing is taken from under somebody's fingers
      return;
    }
    try {
      const answer = await ask(/** @type {string} */ (element.dataset.address));
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      element.innerHTML = await answer.text();
      wait = every;
      if (element.querySelector('[data-busy="false"]')) return;
    } catch {
      wait = Math.min(wait * 2, SLOWEST); // the server may be restarting; the page keeps what it last knew
    }
    setTimeout(look, wait);
  }
  setTimeout(look, every);
}

for (const element of document.querySelectorAll('[data-controller="refresh"]')) {
  refresh(/** @type {HTMLElement} */ (element));
}
