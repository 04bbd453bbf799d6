/** One tab at a time sends: by a Web Lock, or by a lease in the store where the page is not served over HTTPS. */

/** Milliseconds; short, because a page that is closed while it sends cannot give its lease back. */
const LEASE = 4000;
const PAUSE = 250;

/**
 * @param {import("./outbox-store.js").Store} store
 * @param {() => Promise<void>} work
 */
export async function exclusively(store, work) {
  if (navigator.locks) {
    await navigator.locks.request("outbox", work);
    return;
  }
  const owner = String(Math.random());
  while (!(await store.lease(owner, LEASE))) {
    await new Promise((resolve) => window.setTimeout(resolve, PAUSE));
  }
  const renewal = window.setInterval(() => store.lease(owner, LEASE), LEASE / 4);
  try {
    await work();
  } finally {
    window.clearInterval(renewal);
    await store.release(owner);
  }
}
