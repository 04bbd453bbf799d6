/** Binds viewers when the page is ready, and whenever parts of it come and go. */

import { connect, disconnect } from "./viewer.js";

connect();

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.removedNodes) {
      if (node instanceof Element && !node.isConnected) {
        disconnect(node);
      }
    }
    for (const node of change.addedNodes) {
      if (node instanceof Element && node.parentElement && !node.matches("canvas, option")) {
        connect(node.parentElement);
      }
    }
  }
}).observe(document.body, { childList: true, subtree: true });

if (document.documentElement.hasAttribute("data-test")) {
  import("./testhook.js");
}
