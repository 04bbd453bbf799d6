/** The image viewer, bound to every element with `data-controller="viewer"`; see templates/portal/viewer.html. */

import { Surface } from "./backend.js";
import { all, check, fields, prepare, say, show } from "./controls.js";
import { Reporter } from "./events.js";
import { nativePlacement, panBy, place, scaleOf, within, zoomAt, wholeImage } from "./geometry.js";
import { listen } from "./gestures.js";
import { checkHeader, fetchBytes, fetchJson, imageValues, mapValues } from "./header.js";
import { actionFor } from "./keys.js";
import { paintLegend } from "./legend.js";
import { join, leave, others } from "./link.js";
import { narrowest, startState } from "./state.js";

const ZOOM_STEP = 1.25;
const PAN_STEP = 48;
const OPACITY_STEP = 0.1;

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
    this.options = {
      opacity: Number(root.dataset.opacity ?? 50) / 100,
      overlay: root.dataset.overlay !== "off",
      blend: /** @type {"weighted" | "even"} */ (root.dataset.blend === "even" ? "even" : "weighted"),
      signed: root.dataset.mapSign === "signed",
    };
    this.group = root.dataset.link ?? "";
    this.linked = this.group !== "";
    this.single = true;
    /** @type {"window" | "pan"} */
    this.tool = "window";
    this.fine = true;
    this.frame = 0;
    this.painted = false;
    /** @type {import("./header.js").Header | null} */
    this.header = null;
    /** @type {import("./state.js").State | null} */
    this.state = null;
    /** @type {Uint16Array | Uint8Array | null} */
    this.image = null;
    /** @type {Uint8Array | null} */
    this.map = null;
    /** @type {{index: number, image: Uint16Array | Uint8Array, map: Uint8Array | null} | null} */
    this.plane = null;
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
    this.listen();
  }

  /**
   * Fetch and show; everything a reader can change returns to its start.
   * @param {{image?: string, header?: string, map?: string}} [urls] by default the element's attributes
   */
  async load(urls = {}) {
    const { dataset } = this.root;
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
    this.image = imageValues(header, image);
    this.map = map ? mapValues(header, map) : null;
    this.plane = null;
    this.header = header;
    this.state = startState(header, this.options);
    this.painted = false;
    this.tool = header.format === "rgba8" ? "pan" : "window";
    this.surface.accommodate(header);
    prepare(this.root, header, { map: this.map !== null, linked: this.group !== "" });
    check(this.root, "keys", this.single);
    check(this.root, "link", this.linked);
    for (const canvas of all(this.root, "canvas[data-viewer-part=legend]")) {
      paintLegend(/** @type {HTMLCanvasElement} */ (canvas), this.options.signed);
    }
    for (const label of all(this.root, "[data-viewer-sign]")) {
      label.hidden = (label.dataset.viewerSign === "signed") !== this.options.signed;
    }
    this.root.classList.toggle("viewer--with-map", this.map !== null);
    this.status("");
    this.pressed();
    this.reporter.restart();
    this.draw();
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
    const data = this.surface.backend.read(scene, nativePlacement(header));
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

  /** @param {number} factor @param {number} px @param {number} py in CSS pixels of the stage */
  zoom(factor, px, py) {
    if (this.state && this.header) {
      const view = zoomAt(this.header, this.state.view, this.size(), factor, px, py);
      this.set({ view }, "zoom", this.visible(view));
    }
  }

  /** @param {number} px @param {number} py in CSS pixels of the stage */
  pan(px, py) {
    if (this.state && this.header) {
      const view = panBy(this.header, this.state.view, this.size(), px, py);
      this.set({ view }, "pan", this.visible(view));
    }
  }

  /** @param {import("./voi.js").VoiWindow} window */
  setWindow({ centre, width }) {
    if (this.header && Number.isFinite(centre) && Number.isFinite(width)) {
      const window = { centre, width: Math.max(width, narrowest(this.header)) };
      this.set({ window }, "window", window);
    }
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
    if (this.map && Number.isFinite(opacity)) {
      const within = Math.round(100 * Math.min(1, Math.max(0, opacity))) / 100;
      this.set({ opacity: within }, "opacity", { opacity: within });
    }
  }

  /** @param {boolean} overlay */
  setOverlay(overlay) {
    if (this.map) {
      this.set({ overlay }, "overlay_toggle", { shown: overlay });
      this.announce(overlay ? "overlayOn" : "overlayOff");
    }
  }

  /** @param {boolean} held */
  hold(held) {
    if (this.map && this.state && this.state.held !== held) {
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
    return { x0, y0, x1, y1, zoom: Number(view.zoom.toFixed(3)) };
  }

  /** @param {string} action @returns {boolean} whether there is such an action */
  act(action) {
    const { state, header } = this;
    if (!state || !header) {
      return false;
    }
    const { width, height } = this.size();
    this.fine = true;
    switch (action) {
      case "overlay":
        this.setOverlay(!state.overlay);
        return true;
      case "hold":
        this.hold(true);
        return true;
      case "fainter":
        this.setOpacity(state.opacity - OPACITY_STEP);
        return true;
      case "stronger":
        this.setOpacity(state.opacity + OPACITY_STEP);
        return true;
      case "invert":
        this.set({ invert: !state.invert }, "invert", { invert: !state.invert });
        return true;
      case "zoom-in":
        this.zoom(ZOOM_STEP, width / 2, height / 2);
        return true;
      case "zoom-out":
        this.zoom(1 / ZOOM_STEP, width / 2, height / 2);
        return true;
      case "left":
        this.pan(PAN_STEP, 0);
        return true;
      case "right":
        this.pan(-PAN_STEP, 0);
        return true;
      case "up":
        this.pan(0, PAN_STEP);
        return true;
      case "down":
        this.pan(0, -PAN_STEP);
        return true;
      case "previous-slice":
        this.setSlice(state.slice - 1);
        return true;
      case "next-slice":
        this.setSlice(state.slice + 1);
        return true;
      case "fit":
        this.set({ view: wholeImage(header) }, "zoom", this.visible(wholeImage(header)));
        return true;
      case "reset":
        this.set(startState(header, this.options), "reset");
        return true;
      case "tool-window":
      case "tool-pan":
        this.tool = action === "tool-pan" ? "pan" : "window";
        this.pressed();
        return true;
      case "help":
        this.help();
        return true;
      case "retry":
        this.load();
        return true;
      default:
        return false;
    }
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
    if (!this.painted) {
      this.painted = true;
      this.root.dataset.painted = "true";
      this.reporter.report("paint", this.environment());
    }
  }

  /** @returns {import("./scene.js").Scene | null} */
  scene() {
    const { header, state, image } = this;
    if (!header || !state || !image) {
      return null;
    }
    const plane = this.planeAt(header, image, state.slice);
    return {
      header,
      image: plane.image,
      map: plane.map,
      window: state.window,
      invert: state.invert,
      overlay: state.overlay && !state.held,
      opacity: state.opacity,
      blend: this.options.blend,
      signed: this.options.signed,
    };
  }

  /**
   * The slice shown; the same arrays as long as it stays, so that back-ends see no change.
   * @param {import("./header.js").Header} header
   * @param {Uint16Array | Uint8Array} image
   * @param {number} index
   */
  planeAt(header, image, index) {
    if (this.plane?.index !== index) {
      const count = header.rows * header.columns;
      const length = count * (header.format === "rgba8" ? 4 : 1);
      const perSlice = this.map && this.map.length > count;
      this.plane = {
        index,
        image: image.subarray(index * length, (index + 1) * length),
        map: perSlice ? this.map.subarray(index * count, (index + 1) * count) : this.map,
      };
    }
    return this.plane;
  }

  /** @param {string} reason */
  changedBackend(reason) {
    this.reporter.report("backend", { reason, ...this.environment() });
    this.draw();
  }

  // ---- page ----

  listen() {
    const { signal } = this.abort;
    const { root } = this;
    root.addEventListener("click", (event) => this.clicked(event), { signal });
    root.addEventListener("input", (event) => this.changed(event), { signal });
    root.addEventListener("change", (event) => this.settled(event), { signal });
    root.addEventListener("keydown", (event) => this.keyDown(event), { signal });
    root.addEventListener("keyup", (event) => event.key.toLowerCase() === "h" && this.hold(false), { signal });
    root.addEventListener("focusout", (event) => this.left(event), { signal });
    for (const button of all(root, "[data-viewer-hold]")) {
      button.addEventListener("pointerdown", () => this.hold(true), { signal });
      for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
        button.addEventListener(end, () => this.hold(false), { signal });
      }
      button.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && this.hold(true), { signal });
      button.addEventListener("keyup", () => this.hold(false), { signal });
    }
    window.addEventListener("blur", () => this.hold(false), { signal });
    listen(this.stage, this.intents(), signal);
  }

  /** @returns {import("./gestures.js").Intents} */
  intents() {
    const moving = (/** @type {() => void} */ act) => {
      this.fine = false;
      act();
    };
    return {
      zoom: (factor, px, py) => moving(() => this.zoom(factor, px, py)),
      pan: (px, py) => moving(() => this.pan(px, py)),
      window: (across, down) => moving(() => this.dragWindow(across, down)),
      slice: (steps) => this.state && this.setSlice(this.state.slice + steps),
      fit: () => this.act("fit"),
      rest: () => this.rest(),
      tool: () => this.tool,
      volume: () => (this.header?.slices ?? 1) > 1,
    };
  }

  /** Right is wider, up is brighter; the wider the window, the larger the step. @param {number} across @param {number} down */
  dragWindow(across, down) {
    if (this.state && this.header?.format === "uint16") {
      const { centre, width } = this.state.window;
      this.setWindow({ centre: centre + (down * width) / 300, width: width * Math.exp(across / 300) });
    }
  }

  /** Draw once more at full quality. */
  rest() {
    if (!this.fine) {
      this.fine = true;
      this.draw();
      others(this.group, this).forEach((viewer) => viewer.apply({}, true));
    }
  }

  /** @param {Event} event */
  clicked(event) {
    const button = event.target instanceof Element ? event.target.closest("[data-viewer-action]") : null;
    if (button instanceof HTMLElement) {
      if (button.dataset.viewerAction === "retry") {
        this.load();
      } else if (button.dataset.viewerAction === "close-help") {
        this.root.querySelector("dialog")?.close();
      } else {
        this.act(button.dataset.viewerAction ?? "");
      }
    }
  }

  /** A slider or field moves. @param {Event} event */
  changed(event) {
    const input = event.target;
    if (!this.state || !(input instanceof HTMLInputElement) || input.value === "") {
      return;
    }
    const value = Number(input.value);
    this.fine = input.type !== "range";
    switch (input.dataset.viewerField) {
      case "opacity":
        this.setOpacity(value / 100);
        break;
      case "centre":
        this.setWindow({ ...this.state.window, centre: value });
        break;
      case "width":
        this.setWindow({ ...this.state.window, width: value });
        break;
      case "slice":
        this.setSlice(value - 1);
        break;
    }
  }

  /** A choice is made, or a slider let go. @param {Event} event */
  settled(event) {
    const control = event.target;
    this.rest();
    if (control instanceof HTMLSelectElement && control.dataset.viewerField === "preset") {
      this.choosePreset(control.value);
    }
    if (!(control instanceof HTMLInputElement)) {
      return;
    }
    switch (control.dataset.viewerField) {
      case "overlay":
        this.setOverlay(control.checked);
        break;
      case "invert":
        this.set({ invert: control.checked }, "invert", { invert: control.checked });
        break;
      case "keys":
        this.single = control.checked;
        break;
      case "link":
        this.setLinked(control.checked);
        break;
    }
  }

  /** @param {string} value */
  choosePreset(value) {
    const window = value === "default" ? this.header?.window : this.header?.presets[Number(value)];
    if (window) {
      this.setWindow(window);
    } else {
      this.draw();
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

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    const inDialog = event.target instanceof Element && event.target.closest("dialog");
    const action = inDialog ? null : actionFor(event, this.stage, this.single);
    if (action && (action === "hold" && event.repeat ? true : this.act(action))) {
      event.preventDefault();
    }
  }

  /** With the focus goes the key's release. @param {FocusEvent} event */
  left(event) {
    if (!(event.relatedTarget instanceof Node && this.root.contains(event.relatedTarget))) {
      this.hold(false);
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
    this.status("failed");
    const reason = error instanceof Error ? error.message : "";
    this.root.dispatchEvent(new CustomEvent("viewer:error", { bubbles: true, detail: { reason } }));
  }
}

/** @param {HTMLElement} root @param {string} selector */
function one(root, selector) {
  const part = root.querySelector(selector);
  if (!(part instanceof HTMLElement)) {
    throw new Error(`The viewer's markup has no ${selector}.`);
  }
  return part;
}
