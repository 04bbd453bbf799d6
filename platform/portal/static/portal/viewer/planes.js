/** The slice that is shown, of the image and of the map. */

/** @typedef {{index: number, image: Uint16Array | Uint8Array, map: Uint8Array | null}} Plane */

/** Hands out the same arrays for the same slice, so that back-ends know them again. */
export class Planes {
  /**
   * @param {import("./header.js").Header} header
   * @param {Uint16Array | Uint8Array} image all slices
   * @param {Uint8Array | null} map one slice for all, or a slice each
   */
  constructor(header, image, map) {
    this.count = header.rows * header.columns;
    this.length = this.count * (header.format === "rgba8" ? 4 : 1);
    this.image = image;
    this.map = map;
    this.perSlice = map !== null && map.length > this.count;
    /** @type {Map<number, Plane>} */
    this.planes = new Map();
  }

  /** @param {number} index @returns {Plane} */
  at(index) {
    const known = this.planes.get(index);
    if (known) {
      return known;
    }
    const { count, length } = this;
    const image = this.image.subarray(index * length, (index + 1) * length);
    const map = this.perSlice && this.map ? this.map.subarray(index * count, (index + 1) * count) : this.map;
    const plane = { index, image, map };
    this.planes.set(index, plane);
    return plane;
  }
}
