/** The slice that is shown, of the image and of the map. */

/**
 * Hands out the same arrays as long as the slice stays, so that back-ends see no change.
 */
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
    /** @type {{index: number, image: Uint16Array | Uint8Array, map: Uint8Array | null} | null} */
    this.last = null;
  }

  /** @param {number} index */
  at(index) {
    if (this.last?.index !== index) {
      const { count, length } = this;
      this.last = {
        index,
        image: this.image.subarray(index * length, (index + 1) * length),
        map: this.perSlice && this.map ? this.map.subarray(index * count, (index + 1) * count) : this.map,
      };
    }
    return this.last;
  }
}
