/** Viewers that move together: what is set in one is set in the others of its group. */

/** @type {Map<string, Set<import("./viewer.js").Viewer>>} */
const groups = new Map();

/** @param {string} group @param {import("./viewer.js").Viewer} viewer */
export function join(group, viewer) {
  if (group) {
    groups.set(group, (groups.get(group) ?? new Set()).add(viewer));
  }
}

/** @param {string} group @param {import("./viewer.js").Viewer} viewer */
export function leave(group, viewer) {
  groups.get(group)?.delete(viewer);
}

/**
 * @param {string} group
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {import("./viewer.js").Viewer[]}
 */
export function others(group, viewer) {
  return [...(groups.get(group) ?? [])].filter((member) => member !== viewer);
}
