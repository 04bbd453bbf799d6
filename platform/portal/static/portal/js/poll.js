/**
 * Keeps a running job's line up to date: asks every two seconds until the job ends, then loads the page once more,
 * so that what depends on its end appears. Without scripts the page is reloaded by hand.
 */

const EVERY = 2000;
const SLOWEST = 30000;

/**
 * @param {HTMLElement} element holds the line; `data-address` answers `{html, active}`
 * @param {(address: string) => Promise<Response>} [ask]
 * @param {() => void} [ended]
 */
export function poll(element, ask = (address) => fetch(address, { credentials: "same-origin" }), ended = () => location.reload()) {
  let wait = EVERY;
  async function look() {
    if (document.hidden) {
      setTimeout(look, EVERY);
      return;
    }
    try {
      const answer = await ask(/** @type {string} */ (element.dataset.address));
      if (!answer.ok) throw new Error(String(answer.status));
      const { html, active } = await answer.json();
      element.innerHTML = html;
      wait = EVERY;
      if (!active) {
        ended();
        return;
      }
    } catch {
      wait = Math.min(wait * 2, SLOWEST); // the server may be restarting; the page keeps what it last knew
    }
    setTimeout(look, wait);
  }
  setTimeout(look, EVERY);
}

for (const element of document.querySelectorAll('[data-controller="poll"][data-active="true"]')) {
  poll(/** @type {HTMLElement} */ (element));
}
