/** The WebGL2 back-end: integer textures, and all arithmetic in one fragment shader. */

import { DIVERGING, SEQUENTIAL } from "./colours.js";
import { taps } from "./geometry.js";
import { cutOf } from "./lines.js";
import { SURROUND, turned } from "./scene.js";
import { VERTEX, fragment } from "./shader.js";
import { Textures } from "./textures.js";
import { VOI_CODE } from "./voi.js";

const UNITS = ["grey", "map", "table", "colour"];
const [GREY, MAP, TABLE, COLOUR] = UNITS.keys();
const BLENDS = ["weighted", "even", "lines"];

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {import("./scene.js").Backend | null} null where this browser has no WebGL2
 */
export function webglBackend(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, preserveDrawingBuffer: false });
  if (!gl) {
    return null;
  }
  const colour = linked(gl, fragment(false));
  const lines = linked(gl, fragment(true));
  return colour && lines ? new WebglBackend(gl, colour, lines) : null;
}

/** @param {WebGL2RenderingContext} gl @param {string} source */
function linked(gl, source) {
  const program = gl.createProgram();
  for (const [kind, text] of /** @type {[number, string][]} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, source],
  ])) {
    const shader = gl.createShader(kind);
    if (!shader) {
      return null;
    }
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

/** @implements {import("./scene.js").Backend} */
class WebglBackend {
  /** @param {WebGL2RenderingContext} gl @param {WebGLProgram} colour @param {WebGLProgram} lines */
  constructor(gl, colour, lines) {
    this.name = "webgl2";
    this.gl = gl;
    this.programs = { colour, lines };
    this.program = colour;
    /** @type {Map<WebGLProgram, Map<string, WebGLUniformLocation | null>>} */
    this.places = new Map([colour, lines].map((program) => [program, new Map()]));
    for (const program of [lines, colour]) {
      this.use(program);
      UNITS.forEach((name, unit) => gl.uniform1i(this.at(name), unit));
    }
    this.textures = new Textures(gl);
    /** @type {import("./textures.js").Layout[]} by unit */
    this.layouts = [
      [gl.R16UI, gl.RED_INTEGER, gl.UNSIGNED_SHORT],
      [gl.R8UI, gl.RED_INTEGER, gl.UNSIGNED_BYTE],
      [gl.RGB8, gl.RGB, gl.UNSIGNED_BYTE],
      [gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE],
    ];
    [new Uint16Array(1), new Uint8Array(1), new Uint8Array(3), new Uint8Array(4)].forEach((pixel, unit) =>
      this.textures.blank(unit, this.layouts[unit], pixel),
    );
  }

  /** @param {string} name */
  at(name) {
    const places = /** @type {Map<string, WebGLUniformLocation | null>} */ (this.places.get(this.program));
    if (!places.has(name)) {
      places.set(name, this.gl.getUniformLocation(this.program, name));
    }
    return places.get(name) ?? null;
  }

  /** @param {WebGLProgram} program */
  use(program) {
    this.program = program;
    this.gl.useProgram(program);
  }

  get uploads() {
    return this.textures.uploads;
  }

  /** @param {import("./scene.js").Scene} scene */
  upload(scene) {
    const { rows, columns, format } = scene.header;
    const use = (/** @type {number} */ unit, /** @type {number} */ across, /** @type {number} */ down, /** @type {import("./textures.js").Pixels} */ pixels) =>
      this.textures.use(unit, this.layouts[unit], across, down, pixels);
    use(format === "rgba8" ? COLOUR : GREY, columns, rows, scene.image);
    use(TABLE, 256, 1, scene.signed ? DIVERGING : SEQUENTIAL);
    if (scene.map) {
      use(MAP, columns, rows, scene.map);
    }
  }

  /**
   * @param {import("./scene.js").Scene} scene
   * @param {import("./geometry.js").Placement} placement
   * @param {boolean} fine
   */
  draw(scene, placement, fine) {
    const { gl } = this;
    const { header } = scene;
    this.use(scene.blend === "lines" ? this.programs.lines : this.programs.colour);
    this.upload(scene);
    gl.viewport(0, 0, placement.width, placement.height);
    gl.uniform2i(this.at("imageSize"), header.columns, header.rows);
    gl.uniform3f(this.at("placed"), placement.x0, placement.y0, placement.height);
    gl.uniform2f(this.at("pixelStep"), placement.dx, placement.dy);
    gl.uniform1i(this.at("taps"), taps(placement, fine));
    gl.uniform1i(this.at("coloured"), header.format === "rgba8" ? 1 : 0);
    gl.uniform3f(this.at("rescale"), header.offset, header.slope, header.intercept);
    gl.uniform2f(this.at("window"), scene.window.centre, scene.window.width);
    gl.uniform1i(this.at("voi"), VOI_CODE[header.voi] ?? 0);
    gl.uniform1i(this.at("turned"), turned(scene) ? 1 : 0);
    gl.uniform1f(this.at("opacity"), scene.map && scene.overlay ? scene.opacity : 0);
    gl.uniform1i(this.at("blend"), BLENDS.indexOf(scene.blend));
    gl.uniform1f(this.at("cut"), cutOf(scene.threshold, scene.signed));
    gl.uniform1f(this.at("lineHalf"), scene.lineHalf);
    gl.uniform1i(this.at("signedMap"), scene.signed ? 1 : 0);
    gl.uniform1f(this.at("surround"), SURROUND);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /**
   * @param {import("./scene.js").Scene} scene
   * @param {import("./geometry.js").Placement} placement
   */
  read(scene, placement) {
    const { gl } = this;
    const { width, height } = placement;
    const frame = gl.createFramebuffer();
    const store = gl.createRenderbuffer();
    gl.bindRenderbuffer(gl.RENDERBUFFER, store);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, store);
    this.draw(scene, placement, true);
    const upsideDown = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upsideDown);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(frame);
    gl.deleteRenderbuffer(store);
    const pixels = new Uint8Array(upsideDown.length);
    for (let row = 0; row < height; row++) {
      const from = (height - 1 - row) * width * 4;
      pixels.set(upsideDown.subarray(from, from + width * 4), row * width * 4);
    }
    return pixels;
  }

  dispose() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/**
 * Whether the browser's textures can hold this image.
 * @param {import("./scene.js").Backend} backend
 * @param {import("./header.js").Header} header
 */
export function holds(backend, header) {
  if (!(backend instanceof WebglBackend)) {
    return true;
  }
  const limit = backend.gl.getParameter(backend.gl.MAX_TEXTURE_SIZE);
  return header.rows <= limit && header.columns <= limit;
}
