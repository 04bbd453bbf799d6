/** For browser tests alone: loaded only by pages marked `data-test`. */

import { viewerOf } from "./viewer.js";

/** @param {number} index */
function nth(index) {
  const viewer = viewerOf(document.querySelectorAll('[data-controller~="viewer"]')[index]);
  if (!viewer) {
    throw new Error(`There is no viewer ${index}.`);
  }
  return viewer;
}

/** @param {number} [index] @returns {{width: number, height: number, data: number[]}} RGB, a pixel a pixel */
function readPixels(index = 0) {
  const { width, height, data } = nth(index).readPixels();
  return { width, height, data: Array.from(data.filter((_, i) => i % 4 !== 3)) };
}

Object.assign(window, {
  __viewerTest: {
    viewer: (index = 0) => nth(index),
    state: (index = 0) => structuredClone(nth(index).state),
    environment: (index = 0) => nth(index).environment(),
    readPixels,
    uploads: (index = 0) => nth(index).surface.backend.uploads,
  },
});
