/** Textures of the WebGL back-end: each slice and each map is sent to the graphics card once, and kept while there is room. */

const ROOM = 192 * 1024 * 1024;

/** @typedef {Uint16Array | Uint8Array} Pixels */

/** How each sampler's texture is laid out: [internal format, format, type]. @typedef {[number, number, number]} Layout */

export class Textures {
  /** @param {WebGL2RenderingContext} gl */
  constructor(gl) {
    this.gl = gl;
    this.uploads = 0;
    this.room = 0;
    /** By what they hold; the first one was used longest ago. @type {Map<Pixels, {texture: WebGLTexture | null, bytes: number}>} */
    this.kept = new Map();
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  /** Every sampler needs a texture of its type, used or not. @param {number} unit @param {Layout} layout @param {Pixels} pixel */
  blank(unit, layout, pixel) {
    this.bind(unit, this.gl.createTexture());
    this.fill(layout, 1, 1, pixel);
  }

  /**
   * @param {number} unit
   * @param {Layout} layout
   * @param {number} columns
   * @param {number} rows
   * @param {Pixels} pixels the same array for the same content
   */
  use(unit, layout, columns, rows, pixels) {
    const known = this.kept.get(pixels);
    if (known) {
      this.kept.delete(pixels);
      this.kept.set(pixels, known);
      this.bind(unit, known.texture);
      return;
    }
    const texture = this.gl.createTexture();
    this.bind(unit, texture);
    this.fill(layout, columns, rows, pixels);
    this.uploads += 1;
    this.kept.set(pixels, { texture, bytes: pixels.byteLength });
    this.room += pixels.byteLength;
    this.tidy(pixels);
  }

  /** Let go of what was used longest ago; never of what is about to be drawn. @param {Pixels} needed */
  tidy(needed) {
    for (const [pixels, { texture, bytes }] of this.kept) {
      if (this.room <= ROOM || pixels === needed || this.kept.size <= 4) {
        return;
      }
      this.gl.deleteTexture(texture);
      this.kept.delete(pixels);
      this.room -= bytes;
    }
  }

  /** @param {number} unit @param {WebGLTexture | null} texture */
  bind(unit, texture) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
  }

  /** @param {Layout} layout @param {number} columns @param {number} rows @param {Pixels} pixels */
  fill([internal, format, type], columns, rows, pixels) {
    const { gl } = this;
    for (const [key, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
      [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ]) {
      gl.texParameteri(gl.TEXTURE_2D, key, value);
    }
    gl.texImage2D(gl.TEXTURE_2D, 0, internal, columns, rows, 0, format, type, pixels);
  }
}
