/** Windowing: modality units to display values, as in DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3. */

/**
 * @typedef {{centre: number, width: number, name?: string}} VoiWindow
 * @typedef {"LINEAR" | "LINEAR_EXACT" | "SIGMOID"} VoiFunction
 */

/** The shader's number for each function. */
export const VOI_CODE = { LINEAR: 0, LINEAR_EXACT: 1, SIGMOID: 2 };

/**
 * @param {VoiWindow} window
 * @param {VoiFunction} kind
 * @returns {(value: number) => number} display value in [0, 255], not rounded
 */
export function voiFunction(window, kind) {
  const { centre, width } = window;
  if (kind === "SIGMOID") {
    return (value) => 255 / (1 + Math.exp((-4 * (value - centre)) / width));
  }
  if (kind === "LINEAR_EXACT") {
    return (value) => clamp(((value - centre) / width + 0.5) * 255);
  }
  if (width <= 1) {
    return (value) => (value <= centre - 0.5 ? 0 : 255);
  }
  return (value) => clamp(((value - (centre - 0.5)) / (width - 1) + 0.5) * 255);
}

/** @param {number} value */
function clamp(value) {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
