"""The rating tasks by keyboard alone; every page is looked at, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from portal.accounts.models import User
from portal.explanations.models import Prediction
from portal.storage import put_array
from studies.models import Response
from tests.browser.looking import look, watched
from tests.browser.reading.conftest import Room, begin
from tests.browser.reading.test_by_keyboard import tab_to
from tests.studies.ward import COLUMNS, ROWS, make_records

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


def test_faults_decisions_and_guesses_by_keyboard(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("reason-codes", "action", "blinding-check", "usefulness")
    page = room.page_of(reader_user, bypass_csp=True)
    errors = watched(page)
    begin(page, room, room.enrol(reader_user))
    for turn in (practised, sent):
        page.keyboard.press("2")
        for reason in ("side", "other"):
            tab_to(page, f"input[value={reason}]")
            page.keyboard.press("Space")
        tab_to(page, "textarea[name=other]")
        page.keyboard.type("It moves.")
        if turn is practised:
            look(page, "reason-codes")
        tab_to(page, "[data-part=send]")
        turn(page)
    for keys in (["2", "4"], ["5", "1"], ["4", "3"]):
        if page.url.endswith("/instructions"):
            tab_to(page, "main button.primary")
            sent(page)
        page.wait_for_selector(".viewer[data-state=ready]")
        task = (page.get_attribute(".trial", "class") or "").rpartition("--")[2]
        look(page, task)
        for key in keys:
            page.keyboard.press(key)
        (practised if page.locator(".tag", has_text="Practice").count() else sent)(page)
    assert errors == []
    given = [response.answers for response in Response.objects.order_by("pk")]
    assert given[:2] == [{"verdict": "something", "reasons": ["side", "other"], "other": "It moves."}] * 2
    assert given[2:] == [{"change": 2, "act": 4}, {"change": 5, "act": 1}, {"technique": "relevance", "sure": 3}]


def test_an_outline_by_keyboard(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("annotation", "usefulness")
    page = room.page_of(reader_user, bypass_csp=True)
    errors = watched(page)
    begin(page, room, room.enrol(reader_user))
    page.keyboard.press("2")
    assert page.locator("[data-question=region]").is_hidden()
    page.keyboard.press("1")
    tab_to(page, "[data-region-tool=box]")
    page.keyboard.press("Enter")
    for key in ("Enter", "Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter", "Escape"):
        page.keyboard.press(key)
    look(page, "annotation")
    tab_to(page, "[data-part=send]", presses=150)
    sent(page)
    assert errors == []
    (given,) = [response.answers for response in Response.objects.all()]
    assert given["present"] == "yes"
    (mark,) = given["region"]
    first, second = mark["points"]
    assert (mark["kind"], second) == ("box", [first[0] + 10, first[1] + 10])


def test_an_outline_is_reviewed_and_a_shortcut_named_by_keyboard(
    open_room: Callable[..., Room], reader_user: User
) -> None:
    make_records()
    mask = np.zeros((ROWS, COLUMNS), dtype=bool)
    mask[10:20, 8:16] = True
    Prediction.objects.filter(network__slug="lung-net").update(mask=put_array(mask))
    room = open_room("segmentation-review", "shortcut", "usefulness")
    page = room.page_of(reader_user, bypass_csp=True)
    errors = watched(page)
    begin(page, room, room.enrol(reader_user))
    for viewers in range(2):
        page.wait_for_selector(".viewer[data-state=ready]")
        look(page, f"segmentation-review-{page.locator('.viewer').count()}")
        if viewers == 0:
            page.keyboard.press("2")
            tab_to(page, "[data-question=remove] [data-region-tool=polygon]")
            for key in ("Enter", "Enter", "Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter", "Enter"):
                page.keyboard.press(key)
            page.keyboard.press("Escape")
            look(page, "segmentation-review-edit")
        else:
            page.keyboard.press("1")
        tab_to(page, "[data-part=send]", presses=200)
        sent(page)
    tab_to(page, "main button.primary")
    sent(page)
    page.wait_for_selector(".viewer[data-state=ready]")
    page.keyboard.press("1")
    tab_to(page, "textarea[name=what]")
    page.keyboard.type("A letter.")
    look(page, "shortcut")
    tab_to(page, "[data-part=send]")
    sent(page)
    assert errors == []
    given = [response.answers for response in Response.objects.order_by("pk")]
    assert [len(mark["points"]) for mark in given[0]["remove"]] == [3]
    assert given[0]["verdict"] == "edit"
    assert given[1:] == [{"verdict": "accept"}, {"suspected": "yes", "what": "A letter."}]
