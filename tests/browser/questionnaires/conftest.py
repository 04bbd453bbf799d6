"""The reading room's fixtures, and a study that asks for questionnaires at every place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import User
from tests.browser.reading.conftest import Room
from tests.studies.forms_ward import QUESTIONNAIRES, make_asking_study


@pytest.fixture
def asking_room(live_server: LiveServer, webgl_browser: Browser, researcher: User) -> Iterator[Callable[..., Room]]:
    """Serve a study with these questionnaires."""
    contexts: list[BrowserContext] = []

    def new_context(**options: object) -> BrowserContext:
        contexts.append(webgl_browser.new_context(**options))  # type: ignore[arg-type]
        return contexts[-1]

    def serve(part: str = QUESTIONNAIRES) -> Room:
        return Room(live_server.url, make_asking_study(researcher, part=part), new_context)

    yield serve
    for context in contexts:
        context.close()
