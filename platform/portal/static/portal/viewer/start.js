/** Binds viewers when the page is ready, and whenever parts of it come and go. */

import { connectRegions, disconnectRegions } from "./regions.js";
import { connect, disconnect, viewerOf } from "./viewer.js";

connect();
connectRegions(document, viewerOf);

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.removedNodes) {
      if (node instanceof Element && !node.isConnected) {
        disconnectRegions(node);
        disconnect(node);
      }
    }
    for (const node of change.addedNodes) {
      if (node instanceof HTMLElement && node.parentElement && !node.matches("canvas, option")) {
        connect(node.parentElement);
        connectRegions(node.parentElement, viewerOf);
      }
    }
  }
}).observe(document.body, { childList: true, subtree: true });

if (document.documentElement.hasAttribute("data-test")) {
  import("./testhook.js");
}
