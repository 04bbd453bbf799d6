"""The served reading room of the browser tests."""

from __future__ import annotations

from tests.browser.conftest import playwright, webgl_browser
from tests.browser.reading.conftest import open_room

__all__ = ["open_room", "playwright", "webgl_browser"]
