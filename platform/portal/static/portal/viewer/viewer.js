/** The image viewer, bound to every element with `data-controller="viewer"`; see templates/portal/viewer.html. */

import { act } from "./actions.js";
import { forget } from "./ahead.js";
import { Surface } from "./backend.js";
import { all, check, prepare, say, show } from "./controls.js";
import { Reporter } from "./events.js";
import { nativePlacement, panBy, place, scaleOf, within, zoomAt } from "./geometry.js";
import { checkHeader, fetchBytes, fetchJson, imageValues, mapValues } from "./header.js";
import { paintLegend } from "./legend.js";
import { join, leave, others } from "./link.js";
import { bind } from "./page.js";
import { Planes } from "./planes.js";
import { LINE_HALF } from "./scene.js";
import { singleKeys } from "./settings.js";
import { blendOf, narrowest, startState } from "./state.js";

/**
 * @typedef {Viewer & {header: import("./header.js").Header, state: import("./state.js").State}} Shown one that shows an image
 * @typedef {{draw: () => void}} Layer what lies over the image, drawn after it
 */

/** @type {WeakMap<Element, Viewer>} */
const bound = new WeakMap();

/** @param {Element} element @returns {Viewer | undefined} */
export function viewerOf(element) {
  return bound.get(element);
}

/** Bind the viewers in this part of the page. @param {ParentNode} [part] */
export function connect(part = document) {
  for (const root of part.querySelectorAll('[data-controller~="viewer"]')) {
    if (!bound.has(root)) {
      const viewer = new Viewer(/** @type {HTMLElement} */ (root));
      bound.set(root, viewer);
      viewer.load();
    }
  }
}

/** Let go of the viewers in this part of the page. @param {Element} part */
export function disconnect(part) {
  for (const root of [part, ...part.querySelectorAll('[data-controller~="viewer"]')]) {
    bound.get(root)?.dispose();
    bound.delete(root);
  }
}

export class Viewer {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.stage = one(root, "[data-viewer-part=stage]");
    this.options = optionsOf(root);
    this.group = root.dataset.link ?? "";
    this.linked = this.group !== "";
    this.single = singleKeys();
    /** @type {"window" | "pan"} */
    this.tool = "window";
    this.fine = true;
    this.frame = 0;
    this.painted = false;
    this.seen = "";
    this.pointer = "";
    /** @type {import("./header.js").Header | null} */
    this.header = null;
    /** @type {import("./state.js").State | null} */
    this.state = null;
    /** @type {Planes | null} */
    this.planes = null;
    /** @type {Set<Layer>} */
    this.layers = new Set();
    /** @type {import("./gestures.js").Pen | null} */
    this.pen = null;
    this.reporter = new Reporter(root, root.dataset.name ?? "");
    this.abort = new AbortController();
    this.loading = new AbortController();
    this.surface = new Surface(
      one(root, "[data-viewer-part=surface]"),
      root.dataset.label ?? "",
      (reason) => this.changedBackend(reason),
    );
    this.resizer = new ResizeObserver(() => this.draw());
    this.resizer.observe(this.stage);
    join(this.group, this);
    bind(this, this.abort.signal);
  }

  /** @returns {this is Shown} */
  isShown() {
    return this.header !== null && this.state !== null;
  }

  get hasMap() {
    return this.planes !== null && this.planes.map !== null;
  }

  /**
   * Fetch and show; everything a reader can change returns to its start.
   * @param {{image?: string, header?: string, map?: string}} [urls] by default the element's attributes
   */
  async load(urls = {}) {
    const { dataset } = this.root;
    this.reporter.close();
    this.options = optionsOf(this.root);
    this.loading.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    this.status("loading");
    try {
      const mapUrl = urls.map ?? dataset.mapUrl;
      const [header, image, map] = await Promise.all([
        this.fetchHeader(urls.header, signal),
        fetchBytes(urls.image ?? dataset.imageUrl ?? "", signal),
        mapUrl ? fetchBytes(mapUrl, signal) : null,
      ]);
      this.take(checkHeader(header), image, map);
    } catch (error) {
      if (!signal.aborted) {
        this.failed(error);
      }
    }
  }

  /** @param {string | undefined} url @param {AbortSignal} signal */
  async fetchHeader(url, signal) {
    const { header, imageHeaderUrl } = this.root.dataset;
    if (!url && header) {
      return JSON.parse(header);
    }
    return fetchJson(url ?? imageHeaderUrl ?? "", signal);
  }

  /**
   * @param {import("./header.js").Header} header
   * @param {ArrayBuffer} image
   * @param {ArrayBuffer | null} map
   */
  take(header, image, map) {
    this.planes = new Planes(header, imageValues(header, image), map ? mapValues(header, map) : null);
    this.header = header;
    this.state = startState(header, this.options);
    this.painted = false;
    this.seen = "";
    this.pointer = "";
    this.linked = this.group !== "";
    this.tool = header.format === "rgba8" ? "pan" : "window";
    this.surface.accommodate(header);
    prepare(this.root, header, { map: this.hasMap, linked: this.group !== "" });
    check(this.root, "keys", this.single);
    check(this.root, "link", this.linked);
    for (const label of all(this.root, "[data-viewer-sign]")) {
      label.hidden = (label.dataset.viewerSign === "signed") !== this.options.signed;
    }
    this.root.classList.toggle("viewer--with-map", this.hasMap);
    this.status("");
    this.pressed();
    this.reporter.restart();
    this.paint(); // at once: the next frame may be long in coming
    this.root.dispatchEvent(new CustomEvent("viewer:ready", { bubbles: true, detail: this.environment() }));
  }

  /** What a trial's log says about the screen. */
  environment() {
    const box = this.stage.getBoundingClientRect();
    return {
      backend: this.surface.backend.name,
      devicePixelRatio: window.devicePixelRatio,
      stageWidth: Math.round(box.width),
      stageHeight: Math.round(box.height),
      canvasWidth: this.surface.canvas.width,
      canvasHeight: this.surface.canvas.height,
    };
  }

  /** RGBA of the whole image, a pixel a pixel, as it is shown now. */
  readPixels() {
    const { header } = this;
    const scene = this.scene();
    if (!header || !scene) {
      throw new Error("No image is shown.");
    }
    const data = this.surface.backend.read({ ...scene, lineHalf: LINE_HALF }, nativePlacement(header));
    this.draw();
    return { width: header.columns, height: header.rows, data };
  }

  dispose() {
    this.reporter.close();
    this.abort.abort();
    this.loading.abort();
    this.resizer.disconnect();
    cancelAnimationFrame(this.frame);
    leave(this.group, this);
    this.surface.dispose();
  }

  // ---- state ----

  /**
   * @param {Partial<import("./state.js").State>} changes
   * @param {string} kind what to report; nothing where empty
   * @param {object} [detail]
   */
  set(changes, kind, detail = {}) {
    if (!this.apply(changes)) {
      return;
    }
    if (kind) {
      this.reporter.report(kind, { ...detail, linked: this.linked && this.group !== "" });
    }
    if (this.linked) {
      others(this.group, this).forEach((viewer) => viewer.linked && viewer.apply(changes, this.fine));
    }
  }

  /**
   * @param {Partial<import("./state.js").State>} changes
   * @param {boolean} [fine]
   * @returns {boolean} false where no image is shown yet
   */
  apply(changes, fine) {
    if (!this.state || !this.header) {
      return false;
    }
    Object.assign(this.state, changes);
    this.state.slice = Math.min(this.state.slice, this.header.slices - 1);
    this.fine = fine ?? this.fine;
    this.draw();
    return true;
  }

  /** In CSS pixels. */
  size() {
    return { width: Math.max(this.stage.clientWidth, 1), height: Math.max(this.stage.clientHeight, 1) };
  }

  /** Screen pixels, in CSS, per image column. */
  scale() {
    return this.isShown() ? scaleOf(this.header, this.state.view, this.size()) : 1;
  }

  /** Where an image point lies on the stage, in CSS pixels. @param {[number, number]} point @returns {[number, number]} */
  toScreen([column, row]) {
    if (!this.isShown()) {
      return [0, 0];
    }
    const { x0, y0, dx, dy } = place(this.header, this.state.view, this.size());
    return [(column - x0) / dx, (row - y0) / dy];
  }

  /** The image point at a place of the stage, in CSS pixels. @param {[number, number]} point @returns {[number, number]} */
  toImage([px, py]) {
    if (!this.isShown()) {
      return [0, 0];
    }
    const { x0, y0, dx, dy } = place(this.header, this.state.view, this.size());
    return [x0 + px * dx, y0 + py * dy];
  }

  /** Pan as far as it takes. @param {[number, number]} point in image pixels */
  bringIntoView(point) {
    const { width, height } = this.size();
    const [px, py] = this.toScreen(point);
    const [across, down] = [Math.max(-px, 0) || Math.min(width - px, 0), Math.max(-py, 0) || Math.min(height - py, 0)];
    if (across !== 0 || down !== 0) {
      this.pan(across, down);
    }
  }

  /** @param {import("./geometry.js").View} view @param {string} kind what to report */
  look(view, kind) {
    this.set({ view }, kind, this.visible(view));
  }

  /** @param {number} factor @param {number} px @param {number} py in CSS pixels of the stage */
  zoom(factor, px, py) {
    if (this.state && this.header) {
      this.look(zoomAt(this.header, this.state.view, this.size(), factor, px, py), "zoom");
    }
  }

  /** @param {number} px @param {number} py in CSS pixels of the stage */
  pan(px, py) {
    if (this.state && this.header) {
      this.look(panBy(this.header, this.state.view, this.size(), px, py), "pan");
    }
  }

  /** @param {import("./voi.js").VoiWindow} window */
  setWindow({ centre, width }) {
    if (this.header && Number.isFinite(centre) && Number.isFinite(width)) {
      const window = { centre, width: Math.max(width, narrowest(this.header)) };
      this.set({ window }, "wl", { c: window.centre, w: window.width });
    }
  }

  /** @param {boolean} invert */
  setInvert(invert) {
    this.set({ invert }, "invert", { invert });
  }

  /** Told when it changes. @param {string} type mouse, touch or pen */
  pointedBy(type) {
    if (type !== this.pointer) {
      this.pointer = type;
      this.reporter.report("pointer_type", { type });
    }
  }

  /** What a drag does. @param {"window" | "pan"} tool */
  setTool(tool) {
    this.tool = tool;
    this.pressed();
  }

  /** Clicks and drags on the stage go to the pen, until it is put away. @param {import("./gestures.js").Pen | null} pen */
  takePen(pen) {
    this.pen = pen;
    this.stage.classList.toggle("viewer__stage--marking", pen !== null);
  }

  /** @param {number} slice from 0 */
  setSlice(slice) {
    if (this.header && Number.isInteger(slice)) {
      const within = Math.min(this.header.slices - 1, Math.max(0, slice));
      this.set({ slice: within }, "slice", { slice: within });
    }
  }

  /** @param {number} opacity */
  setOpacity(opacity) {
    if (this.hasMap && Number.isFinite(opacity)) {
      const within = Math.round(100 * Math.min(1, Math.max(0, opacity))) / 100;
      this.set({ opacity: within }, "opacity", { opacity: within });
    }
  }

  /** @param {import("./state.js").Blend} blend */
  setBlend(blend) {
    if (this.hasMap) {
      this.set({ blend }, "blend", { blend });
    }
  }

  /** @param {number} threshold 0 to 1 */
  setThreshold(threshold) {
    if (this.hasMap && Number.isFinite(threshold)) {
      const within = Math.round(100 * Math.min(1, Math.max(0, threshold))) / 100;
      this.set({ threshold: within }, "threshold", { threshold: within });
    }
  }

  /** @param {boolean} overlay */
  setOverlay(overlay) {
    if (this.hasMap) {
      this.set({ overlay }, "overlay_toggle", { shown: overlay });
      this.announce(overlay ? "overlayOn" : "overlayOff");
    }
  }

  /** @param {boolean} held */
  hold(held) {
    if (this.hasMap && this.state && this.state.held !== held) {
      this.set({ held }, "overlay_hold", { shown: !held && this.state.overlay });
    }
  }

  /** The image region in view, in image pixels. @param {import("./geometry.js").View} view */
  visible(view) {
    const header = /** @type {import("./header.js").Header} */ (this.header);
    const size = this.size();
    const placed = place(header, view, size);
    const [x0, y0] = [Math.max(0, placed.x0), Math.max(0, placed.y0)].map(Math.round);
    const x1 = Math.round(Math.min(header.columns, placed.x0 + size.width * placed.dx));
    const y1 = Math.round(Math.min(header.rows, placed.y0 + size.height * placed.dy));
    return { x0, y0, x1, y1, scale: Number(scaleOf(header, view, size).toFixed(3)) };
  }

  /** @param {string} action @returns {boolean} whether there is such an action */
  act(action) {
    return act(this, action);
  }

  help() {
    const dialog = this.root.querySelector("dialog");
    if (dialog && !dialog.open) {
      dialog.showModal();
      this.reporter.report("help_open");
    }
  }

  // ---- drawing ----

  draw() {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.paint();
      });
    }
  }

  paint() {
    const scene = this.scene();
    const { header, state, surface } = this;
    if (!scene || !header || !state) {
      return;
    }
    const css = this.size();
    const ratio = window.devicePixelRatio || 1;
    const stage = { width: Math.round(css.width * ratio), height: Math.round(css.height * ratio) };
    state.view = within(header, state.view, stage);
    surface.resize(stage.width, stage.height);
    surface.backend.draw(scene, place(header, state.view, stage), this.fine);
    show(this.root, header, state, scaleOf(header, state.view, css) * 100);
    this.legend(state);
    this.layers.forEach((layer) => layer.draw());
    this.told(header, state);
  }

  /** The first frame, and every other part of the image that comes into view. */
  told(/** @type {import("./header.js").Header} */ header, /** @type {import("./state.js").State} */ state) {
    const seen = this.visible(state.view);
    if (!this.painted) {
      this.painted = true;
      this.root.dataset.painted = "true";
      this.reporter.report("paint", { ...this.environment(), slice: state.slice, slices: header.slices });
    }
    const key = Object.values(seen).join();
    if (key !== this.seen) {
      this.seen = key;
      this.reporter.report("viewport", seen);
    }
  }

  /** Painted again when it looks different. @param {import("./state.js").State} state */
  legend({ blend, threshold }) {
    const look = { signed: this.options.signed, blend, threshold };
    for (const canvas of all(this.root, "canvas[data-viewer-part=legend]")) {
      const key = JSON.stringify(look);
      if (canvas.dataset.look !== key) {
        canvas.dataset.look = key;
        paintLegend(/** @type {HTMLCanvasElement} */ (canvas), look);
      }
    }
  }

  /** @returns {import("./scene.js").Scene | null} */
  scene() {
    const { header, state, planes } = this;
    if (!header || !state || !planes) {
      return null;
    }
    const plane = planes.at(state.slice);
    return {
      header,
      image: plane.image,
      map: plane.map,
      window: state.window,
      invert: state.invert,
      overlay: state.overlay && !state.held,
      opacity: state.opacity,
      blend: state.blend,
      threshold: state.threshold,
      lineHalf: LINE_HALF * (window.devicePixelRatio || 1),
      signed: this.options.signed,
    };
  }

  /** @param {string} reason */
  changedBackend(reason) {
    this.reporter.report("backend", { reason, ...this.environment() });
    this.draw();
  }

  // ---- page ----

  /** Draw once more at full quality. */
  rest() {
    if (!this.fine) {
      this.fine = true;
      this.draw();
      others(this.group, this).forEach((viewer) => viewer.apply({}, true));
    }
  }

  /** The group shares the choice. @param {boolean} linked */
  setLinked(linked) {
    for (const viewer of [this, ...others(this.group, this)]) {
      viewer.linked = linked;
      check(viewer.root, "link", linked);
    }
    if (linked && this.state) {
      this.set({ ...this.state }, "link", { linked });
    } else {
      this.reporter.report("link", { linked });
    }
  }

  /** Which of the drag buttons is pressed. */
  pressed() {
    for (const tool of ["window", "pan"]) {
      for (const button of all(this.root, `[data-viewer-action="tool-${tool}"]`)) {
        button.setAttribute("aria-pressed", String(this.tool === tool));
      }
    }
    this.stage.classList.toggle("viewer__stage--pan", this.tool === "pan");
  }

  /** @param {"loading" | "failed" | ""} what */
  status(what) {
    this.root.dataset.state = what || "ready";
    say(this.root, "status", what ? (this.root.dataset[what === "loading" ? "textLoading" : "textFailed"] ?? "") : "");
    for (const button of all(this.root, '[data-viewer-action="retry"]')) {
      button.hidden = what !== "failed";
    }
  }

  /** @param {"overlayOn" | "overlayOff"} what */
  announce(what) {
    const key = what === "overlayOn" ? "textOverlayOn" : "textOverlayOff";
    say(this.root, "announcement", this.root.dataset[key] ?? "");
  }

  /** The page's sentence, not the error's: it must not depend on what was asked for. @param {unknown} error */
  failed(error) {
    forget();
    this.status("failed");
    const reason = error instanceof Error ? error.message : "";
    this.root.dispatchEvent(new CustomEvent("viewer:error", { bubbles: true, detail: { reason } }));
  }
}

/** Where everything starts, for every image alike. @param {HTMLElement} root */
function optionsOf({ dataset }) {
  return {
    opacity: Number(dataset.opacity ?? 50) / 100,
    overlay: dataset.overlay !== "off",
    blend: blendOf(dataset.blend ?? ""),
    signed: dataset.mapSign === "signed",
  };
}

/** @param {HTMLElement} root @param {string} selector */
function one(root, selector) {
  const part = root.querySelector(selector);
  if (!(part instanceof HTMLElement)) {
    throw new Error(`The viewer's markup has no ${selector}.`);
  }
  return part;
}
