"""Telephones do not read images, but consent; a zoomed window on a large screen does both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import ViewportSize

from portal.accounts.models import User
from tests.browser.looking import look
from tests.browser.reading.conftest import Room

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: ViewportSize = {"width": 390, "height": 844}
HALF: ViewportSize = {"width": 640, "height": 400}
DESK: ViewportSize = {"width": 1280, "height": 800}


def test_a_telephone_is_asked_to_leave_reading_to_a_larger_screen(
    open_room: Callable[..., Room], reader_user: User
) -> None:
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, size=PHONE, screen=PHONE, is_mobile=True, has_touch=True, bypass_csp=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    assert page.url.endswith("/instructions"), "what is only read or filled in is open to all screens"
    page.click("main button.primary")
    page.wait_for_selector("[data-part=refused-screen]:visible")
    assert page.locator(".viewer").count() == 0
    assert not [url for url in asked if url.endswith(("/image", "/overlay/a"))]
    look(page, "refused-screen")


def test_a_large_screen_zoomed_to_200_percent_reads(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, size=HALF, screen=DESK, device_scale_factor=2)
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    page.click("main button.primary")
    page.wait_for_selector(".viewer[data-state=ready]")
    assert page.is_visible(".small-screen"), "that the window is small is said"
    assert not page.is_visible("[data-part=refused-screen]")
    assert page.evaluate("document.documentElement.scrollWidth") <= HALF["width"]
