/** Which back-end draws: WebGL2 where there is one, the processor where there is not or where it went away. */

import { canvasBackend } from "./canvas.js";
import { holds, webglBackend } from "./webgl.js";

/**
 * A canvas with its back-end, in a holder that it fills. Changes to the Canvas back-end by itself when the graphics
 * context is lost; a canvas keeps the first kind of context it gave, so it is replaced as well.
 */
export class Surface {
  /**
   * @param {HTMLElement} holder
   * @param {string} label what the canvas is called, the same for every image
   * @param {(reason: string) => void} changed called after a change of back-end
   */
  constructor(holder, label, changed) {
    this.holder = holder;
    this.label = label;
    this.changed = changed;
    this.canvas = this.freshCanvas();
    /** @type {import("./scene.js").Backend} */
    this.backend = webglBackend(this.canvas) ?? this.processor();
    this.watch();
  }

  /** @param {import("./header.js").Header} header */
  accommodate(header) {
    if (!holds(this.backend, header)) {
      this.fallBack("image too large for the graphics card");
    }
  }

  /** @param {string} reason */
  fallBack(reason) {
    if (this.backend.name === "canvas") {
      return;
    }
    this.backend = this.processor();
    this.changed(reason);
  }

  /** @param {number} width @param {number} height in device pixels */
  resize(width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
  }

  processor() {
    const { width, height } = this.canvas;
    this.canvas = this.freshCanvas();
    this.resize(width, height);
    return canvasBackend(this.canvas);
  }

  freshCanvas() {
    const canvas = document.createElement("canvas");
    canvas.className = "viewer__canvas";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", this.label);
    this.holder.replaceChildren(canvas);
    return canvas;
  }

  watch() {
    this.canvas.addEventListener("webglcontextlost", () => this.fallBack("graphics context lost"), { once: true });
  }

  dispose() {
    this.backend.dispose();
    this.holder.replaceChildren();
  }
}
