/** The image's header and payloads: fetched, checked, and turned into typed arrays. */

import { fetched } from "./ahead.js";

/**
 * @typedef {object} Header
 * @property {number} rows
 * @property {number} columns
 * @property {number} slices
 * @property {number} bits
 * @property {"uint16" | "rgba8"} format
 * @property {"MONOCHROME1" | "MONOCHROME2" | "RGB"} photometric
 * @property {number} offset added to signed stored values to make them unsigned
 * @property {number} slope
 * @property {number} intercept
 * @property {[number, number] | null} spacing millimetres between rows, between columns
 * @property {[number, number]} range lowest and highest modality value
 * @property {import("./voi.js").VoiFunction} voi
 * @property {import("./voi.js").VoiWindow} window
 * @property {import("./voi.js").VoiWindow[]} presets
 */

/** The image or map could not be read. */
export class PayloadError extends Error {}

/**
 * @param {Header} header
 * @returns {Header} the same, once it is sure to be drawable
 */
export function checkHeader(header) {
  const whole = [header.rows, header.columns, header.slices];
  const known = header.format === "uint16" || header.format === "rgba8";
  if (!known || !whole.every((n) => Number.isInteger(n) && n > 0) || !(header.window?.width > 0)) {
    throw new PayloadError("The image's header cannot be read.");
  }
  return header;
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function fetchJson(url, signal) {
  return (await answer(url, signal)).json();
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function fetchBytes(url, signal) {
  return (await answer(url, signal)).arrayBuffer();
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function answer(url, signal) {
  const response = await fetched(url, signal);
  if (!response.ok) {
    throw new PayloadError(`The server answered ${response.status}.`);
  }
  return response;
}

/**
 * @param {Header} header
 * @param {ArrayBuffer} buffer
 * @returns {Uint16Array | Uint8Array} all slices
 */
export function imageValues(header, buffer) {
  const count = header.rows * header.columns * header.slices;
  const bytes = header.format === "rgba8" ? 4 : 2;
  if (buffer.byteLength !== count * bytes) {
    throw new PayloadError("The image arrived incomplete.");
  }
  if (header.format === "rgba8") {
    return new Uint8Array(buffer);
  }
  return littleEndian() ? new Uint16Array(buffer) : swapped(buffer);
}

/**
 * @param {Header} header
 * @param {ArrayBuffer} buffer one byte a pixel, for one slice or for all
 */
export function mapValues(header, buffer) {
  const plane = header.rows * header.columns;
  if (buffer.byteLength !== plane && buffer.byteLength !== plane * header.slices) {
    throw new PayloadError("The overlay arrived incomplete.");
  }
  return new Uint8Array(buffer);
}

function littleEndian() {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}

/** @param {ArrayBuffer} buffer */
function swapped(buffer) {
  const view = new DataView(buffer);
  return Uint16Array.from({ length: buffer.byteLength / 2 }, (_, i) => view.getUint16(2 * i, true));
}
