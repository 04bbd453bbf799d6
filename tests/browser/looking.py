"""How browser tests look at a page: both widths, axe, sideways scrolling, console errors, and a picture to look at."""

from __future__ import annotations

import os
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
SERIOUS = {"serious", "critical"}
# A page that says what is wrong with a form may answer so.
REFUSALS = ("status of 400", "status of 409")


def look(page: Page, name: str) -> None:
    """Check this page wide and narrow; `SCREENSHOTS=folder` keeps a picture of each, to be looked at."""
    folder = os.environ.get("SCREENSHOTS")
    for label, size in (("wide", WIDE), ("narrow", NARROW)):
        page.set_viewport_size(size)
        page.wait_for_timeout(150)
        if folder:
            page.screenshot(path=Path(folder) / f"{name}-{label}.png", full_page=True)
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{name} scrolls sideways by {too_wide} pixels when {label}"
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in SERIOUS] == [], (name, label, found)
    page.set_viewport_size(WIDE)


def watched(page: Page, *, allow: tuple[str, ...] = ()) -> list[str]:
    """The console's errors from now on, without those that hold one of the allowed texts."""
    errors: list[str] = []

    def note(text: str) -> None:
        if not any(part in text for part in allow):
            errors.append(text)

    page.on("console", lambda message: note(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(str(error)))
    return errors
