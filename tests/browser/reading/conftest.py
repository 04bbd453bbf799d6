"""The reading room served to a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import User
from studies.models import Enrolment
from tests.browser.looking import WIDE
from tests.studies.ward import USUAL, Ward, enrolled, make_study, signed_in

# Playwright's own event loop runs in the tests' thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@dataclass(frozen=True)
class Room:
    """A served study, and browsers to read it in."""

    url: str
    ward: Ward
    new_context: Callable[..., BrowserContext]

    def enrol(self, user: User, **facts: Any) -> Enrolment:
        return enrolled(self.ward, user, **facts)

    def page_of(self, user: User | None, *, size: ViewportSize = WIDE, **options: Any) -> Page:
        """A browser in which this person is signed in."""
        context = self.new_context(viewport=size, **options)
        if user is not None:
            cookie = signed_in(user).cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": self.url}])
        return context.new_page()


@pytest.fixture
def open_room(live_server: LiveServer, webgl_browser: Browser, researcher: User) -> Iterator[Callable[..., Room]]:
    """Serve a study of the tasks asked for."""
    contexts: list[BrowserContext] = []

    def new_context(**options: Any) -> BrowserContext:
        contexts.append(webgl_browser.new_context(**options))
        return contexts[-1]

    def serve(*tasks: str) -> Room:
        return Room(live_server.url, make_study(researcher, tasks=tasks or USUAL), new_context)

    yield serve
    for context in contexts:
        context.close()


def begin(page: Page, room: Room, enrolment: Enrolment) -> None:
    """Go on to the next trial, through the instructions where they come first, and wait for the image."""
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    if page.url.endswith("/instructions"):
        page.click("main button.primary")
    page.wait_for_url("**/s/*/")
    page.wait_for_selector(".viewer[data-state=ready]")
