"""The panel served to a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import User
from tests.browser.conftest import playwright, webgl_browser
from tests.browser.looking import WIDE
from tests.studies.ward import signed_in

__all__ = ["playwright", "webgl_browser"]

# Playwright's own event loop runs in the tests' thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture
def page_of(live_server: LiveServer, webgl_browser: Browser) -> Iterator[Callable[..., Page]]:
    """A browser of one's own, signed in where a person is given."""
    contexts: list[BrowserContext] = []

    def open_page(user: User | None = None, **options: object) -> Page:
        context = webgl_browser.new_context(viewport=WIDE, base_url=live_server.url, **options)  # type: ignore[arg-type]
        contexts.append(context)
        if user is not None:
            cookie = signed_in(user).cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
