/**
 * The protocol's editor: line numbers keep up with the text, Tab-free indentation stays the browser's own, and a
 * problem's link puts the caret at the start of its line. Without scripts the numbers and links work as they were sent.
 */

const SPARE_LINES = 8;

/** @param {HTMLElement} element holds `[data-part=gutter]` and `[data-part=source]` */
export function editor(element) {
  const gutter = /** @type {HTMLElement} */ (element.querySelector("[data-part=gutter]"));
  const source = /** @type {HTMLTextAreaElement} */ (element.querySelector("[data-part=source]"));

  function number() {
    const wanted = source.value.split("\n").length + SPARE_LINES;
    while (gutter.children.length < wanted) {
      const line = document.createElement("li");
      line.textContent = String(gutter.children.length + 1);
      line.id = `L${line.textContent}`;
      gutter.append(line);
    }
    while (gutter.children.length > wanted) gutter.lastElementChild?.remove();
    source.rows = wanted;
  }

  /** @param {number} line from 1 */
  function go(line) {
    const lines = source.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    source.focus({ preventScroll: true });
    source.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    gutter.children[line - 1]?.scrollIntoView({ block: "center" });
  }

  source.addEventListener("input", number);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#L"]') : null;
    if (!link) return;
    event.preventDefault();
    go(Number(link.getAttribute("href")?.slice(2)));
  });
  number();
  if (/^#L\d+$/.test(location.hash)) go(Number(location.hash.slice(2)));
}

for (const element of document.querySelectorAll('[data-controller="editor"]')) {
  editor(/** @type {HTMLElement} */ (element));
}
