"""From the invitation's link to the last page, all three tasks, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, Response
from studies.services.invite import create_invitation
from tests.browser.reading.conftest import Room

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def tab_to(page: Page, selector: str, presses: int = 60) -> None:
    """Press Tab until the focus is there."""
    for _press in range(presses):
        if page.evaluate("s => document.activeElement?.matches(s) ?? false", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} cannot be reached with the Tab key")


def answer(page: Page, keys: dict[str, list[str]]) -> None:
    """Answer by digits; practice asks for one Enter more, after its feedback."""
    task = (page.get_attribute(".trial", "class") or "").rpartition("--")[2]
    for key in keys[task]:
        page.keyboard.press(key)
    if page.locator(".tag", has_text="Practice").count():
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=feedback]:not([hidden])")


def test_no_pointer_is_needed(open_room: Callable[..., Room], researcher: User) -> None:
    room = open_room()
    _invitation, token = create_invitation(study=room.ward.study, email="new@example.org", actor=researcher)
    page = room.page_of(None)
    page.goto(f"{room.url}/invitation/{token}")
    tab_to(page, "#id_password")
    page.keyboard.type("a long pass phrase")
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent")
    tab_to(page, "#id_agree")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    keys = {"usefulness": ["4", "2"], "preference": ["3", "1"], "diagnosis": ["6", "0"]}
    page.wait_for_url("**/instructions")
    for _page in range(40):
        page.wait_for_selector(".viewer[data-state=ready], button[autofocus], textarea#id_text")
        page.evaluate("document.body.dataset.seen = 'yes'")
        if page.locator("textarea#id_text").count():
            break
        if page.locator(".viewer").count():
            answer(page, keys)
        page.keyboard.press("Enter")
        page.wait_for_selector("body:not([data-seen])")
    enrolment = Enrolment.objects.get()
    assert enrolment.state == EnrolmentState.COMPLETED
    assert Response.objects.count() == 4 + 3 + 2 * 2
