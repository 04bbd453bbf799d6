/** What is to be drawn, and the drawing back-ends' common interface. */

/**
 * @typedef {object} Scene
 * @property {import("./header.js").Header} header
 * @property {Uint16Array | Uint8Array} image one slice; RGBA where the header says so
 * @property {Uint8Array | null} map one slice, or null
 * @property {import("./voi.js").VoiWindow} window
 * @property {boolean} invert as the user asked; MONOCHROME1 is turned by the back-end
 * @property {boolean} overlay whether the map is shown
 * @property {number} opacity 0 to 1
 * @property {"weighted" | "even" | "lines"} blend
 * @property {number} threshold 0 to 1: what is weaker is not shown
 * @property {number} lineHalf half the width of a line of equal strength, in target pixels
 * @property {boolean} signed whether the map's zero is 128
 *
 * @typedef {object} Backend
 * @property {string} name
 * @property {(scene: Scene, placement: import("./geometry.js").Placement, fine: boolean) => void} draw
 * @property {(scene: Scene, placement: import("./geometry.js").Placement) => Uint8Array} read RGBA, top row first
 * @property {number} uploads how many textures were sent to the graphics card
 * @property {() => void} dispose
 */

/** Half the width of a line, in CSS pixels. */
export const LINE_HALF = 0.75;

/** The neutral around the image. */
export const SURROUND = 10;

/** Whether grey runs from white to black. @param {Scene} scene */
export function turned(scene) {
  return scene.invert !== (scene.header.photometric === "MONOCHROME1");
}
