"""The rating tasks by keyboard alone; every page is looked at, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from portal.accounts.models import User
from studies.models import Response
from tests.browser.looking import look, watched
from tests.browser.reading.conftest import Room, begin
from tests.browser.reading.test_by_keyboard import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def practised(page: Page) -> None:
    """Send with Enter, read the feedback of practice, go on with Enter."""
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-part=feedback]:not([hidden])")
    page.evaluate("document.body.dataset.seen = 'yes'")
    page.keyboard.press("Enter")
    page.wait_for_selector("body:not([data-seen]) .viewer[data-state=ready]")


def sent(page: Page) -> None:
    """Send with Enter."""
    page.evaluate("document.body.dataset.seen = 'yes'")
    page.keyboard.press("Enter")
    page.wait_for_selector("body:not([data-seen])")


def test_rankings_by_keyboard(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("ranking", "best-worst", "usefulness")
    page = room.page_of(reader_user, bypass_csp=True)
    errors = watched(page)
    begin(page, room, room.enrol(reader_user))
    look(page, "ranking")
    for turn in (practised, sent, sent):
        for place, letter in zip("312", "abc", strict=True):
            tab_to(page, f"[data-option={letter}]")
            page.keyboard.press(place)
        tab_to(page, "[data-part=send]")
        turn(page)
    page.wait_for_url("**/instructions")
    tab_to(page, "main button.primary")
    sent(page)
    page.wait_for_selector(".trial--best-worst .viewer[data-state=ready]")
    look(page, "best-worst")
    tab_to(page, "[data-end=best]")
    page.keyboard.press("Space")
    tab_to(page, "[data-end=worst]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[data-part=send]")
    sent(page)
    assert errors == []
    given = [response.answers for response in Response.objects.order_by("pk")]
    assert given == [{"order": ["b", "c", "a"]}] * 3 + [{"ends": {"best": "a", "worst": "b"}}]
