/**
 * Images are not read on a telephone. What counts is the screen, never the window: a reader who zooms in has a small
 * window on a large screen. Some browsers divide the screen's size by the zoom as well, so the screen has to be a
 * touched one, too. Loaded before the viewer: nothing is fetched and nothing is logged for a screen that is refused.
 */

const LEAST = 600;

const shorter = Math.min(window.screen.width, window.screen.height);
const refusal = document.querySelector("[data-part=refused-screen]");

if (refusal instanceof HTMLElement && shorter < LEAST && window.matchMedia("(pointer: coarse)").matches) {
  document.querySelector(".trial")?.remove();
  document.querySelector(".small-screen")?.remove();
  refusal.hidden = false;
}
