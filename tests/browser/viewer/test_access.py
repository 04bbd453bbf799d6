"""axe finds nothing to object to in the viewer, wide and narrow, with the list of keys open and shut."""

from __future__ import annotations

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from portal.display import image_payload, native
from tests.browser.conftest import Site
from tests.browser.viewer.bench import open_bench

pytestmark = pytest.mark.browser

VOLUME = np.tile(np.arange(64, dtype=np.uint16), (3, 48, 1))


@pytest.mark.parametrize("width", [360, 1400])
def test_axe_finds_nothing(webgl_browser: Browser, site: Site, width: int) -> None:
    shown = native(np.eye(5), rows=48, columns=64).array
    bench = open_bench(webgl_browser, site, image_payload(VOLUME), shown, size=(width, 800), link="pair", bypass=True)
    options = {"rules": {"page-has-heading-one": {"enabled": False}}}
    for state in ("shut", "open"):
        if state == "open":
            bench.page.click("[data-viewer-action=help]")
        found = Axe().run(bench.page, options=options)
        assert [(rule["id"], rule["impact"]) for rule in found.response["violations"]] == []
    bench.context.close()
