/** Payloads kept in this page's memory by their address: of the image that is shown, and of the one that comes next. */

const MOST = 6;

/** @type {Map<string, Promise<Response>>} */
const kept = new Map();

/**
 * Fetched once, as long as it is kept; what failed is fetched again.
 * @param {string} url @param {AbortSignal} [signal]
 * @returns {Promise<Response>} to be read once
 */
export async function fetched(url, signal) {
  const known = kept.get(url);
  const asked = known ?? fetch(url, { credentials: "same-origin" });
  keep(url, asked);
  const response = await asked.catch(() => null);
  if (!response?.ok) {
    kept.delete(url);
  }
  signal?.throwIfAborted();
  if (!response) {
    return fetch(url, { signal, credentials: "same-origin" });
  }
  return response.clone();
}

/** Begin to fetch; whoever asks for it later gets it from here. @param {string[]} urls */
export function fetchAhead(urls) {
  for (const url of urls.filter((each) => each && !kept.has(each))) {
    fetched(url).catch(() => kept.delete(url));
  }
}

/** What was kept may be what is broken: it is all fetched again. */
export function forget() {
  kept.clear();
}

/** @param {string} url @param {Promise<Response>} asked */
function keep(url, asked) {
  kept.delete(url);
  kept.set(url, asked);
  for (const old of [...kept.keys()].slice(0, -MOST)) {
    kept.delete(old);
  }
}
