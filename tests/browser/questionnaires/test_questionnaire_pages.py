"""Questionnaires in a real browser: every page wide and narrow, the keyboard alone, and a connection that breaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from portal.accounts.models import User
from studies.models import Enrolment, QuestionnaireResponse, Trial
from tests.browser.looking import look, watched
from tests.browser.reading.conftest import Room
from tests.browser.reading.test_by_keyboard import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TRUST = "questionnaires:\n  start: [trust]\n  end: [trust]\n"
LOAD = "questionnaires:\n  start: [nasa-tlx]\n"


def answer_all(page: Page) -> None:
    """The last choice of every question, by clicks."""
    for question in page.locator("[data-question]").all():
        if question.get_attribute("data-kind") == "choice":
            question.locator("label.option").last.click()
        elif question.get_attribute("data-kind") == "probability":
            question.locator("input[type=number]").fill("35")


def go_on(page: Page) -> None:
    page.evaluate("document.body.dataset.seen = 'yes'")
    page.click("[data-part=send]")
    page.wait_for_selector("body:not([data-seen])")


def next_page(page: Page, room: Room, enrolment: Enrolment) -> str:
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    return page.url.rsplit("/", 1)[-1]


def test_every_questionnaire_page(asking_room: Callable[..., Room], reader_user: User) -> None:
    room = asking_room()
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, bypass_csp=True)
    errors = watched(page)
    for name in ("reader-profile", "colour-vision", "heatmaps", "comprehension"):
        assert next_page(page, room, enrolment) == name
        if name != "comprehension":
            look(page, f"ask-{name}")
        if name == "heatmaps":
            broken = "images => images.filter(image => image.naturalWidth === 0).length"
            assert page.locator(".lesson img").evaluate_all(broken) == 0
        answer_all(page)
        go_on(page)
    look(page, "ask-comprehension-failed")
    expect(page.locator(".explained")).to_contain_text("Your answer")
    answer_all(page)
    go_on(page)
    assert page.url.endswith("/trust")
    answer_all(page)
    go_on(page)
    assert page.url.endswith("/instructions")
    Trial.objects.update(state="done")
    Enrolment.objects.update(state="completed")
    for name in ("toast", "nasa-tlx", "sus", "trust", "debrief"):
        assert next_page(page, room, enrolment) == name
        if name in {"toast", "nasa-tlx", "debrief"}:
            look(page, f"ask-end-{name}")
        answer_all(page)
        go_on(page)
    assert errors == []
    assert QuestionnaireResponse.objects.count() == 11


def test_german_pages_and_leaving(asking_room: Callable[..., Room], reader_user: User) -> None:
    room = asking_room()
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, bypass_csp=True, locale="de-DE")
    next_page(page, room, enrolment)
    expect(page.locator("h1")).to_have_text("Über Sie als Befunderin oder Befunder")
    look(page, "ask-german")
    page.goto(f"{room.url}/study/{enrolment.pk}/consent")
    look(page, "consent-agreed")
    page.goto(f"{room.url}/study/{enrolment.pk}/leave")
    look(page, "leave-choices")
    page.click("main button[type=submit]")
    expect(page.locator(".trouble")).to_be_visible()
    page.locator("label.check").last.click()
    page.click("main button[type=submit]")
    enrolment.refresh_from_db()
    assert enrolment.leaving == "erased"


def test_sliders_by_keyboard_alone(asking_room: Callable[..., Room], reader_user: User) -> None:
    """No slider stands anywhere before it is moved, and each arrow is one of twenty-one marks."""
    room = asking_room(LOAD)
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    next_page(page, room, enrolment)
    first = page.locator("[data-part=slider]").first
    expect(first).to_have_attribute("aria-valuetext", "not answered yet")
    page.keyboard.press("Tab")
    tab_to(page, "[data-part=send]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=trouble]")).to_have_text("Please answer every question first.")
    assert not QuestionnaireResponse.objects.exists()
    page.locator("body").evaluate("() => document.activeElement.blur()")
    for number in range(1, 7):
        tab_to(page, f"[data-question=item-{number}] [data-part=slider]")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
    expect(first).not_to_have_attribute("aria-valuetext", "not answered yet")
    tab_to(page, "[data-part=send]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions")
    assert QuestionnaireResponse.objects.get().answers == {f"item-{number}": 60 for number in range(1, 7)}


def test_radios_by_digit_and_enter(asking_room: Callable[..., Room], reader_user: User) -> None:
    room = asking_room(TRUST)
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    next_page(page, room, enrolment)
    page.keyboard.press("5")
    assert page.locator("input:checked").count() == 0, "a single key does nothing outside a question"
    tab_to(page, "input[type=radio]")
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions")
    assert QuestionnaireResponse.objects.get().answers == {"item-1": 5}


def test_a_reload_while_it_waits_and_a_lost_receipt(asking_room: Callable[..., Room], reader_user: User) -> None:
    """Offline, a reload, and a receipt that never arrives: stored, and once."""
    room = asking_room(TRUST)
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    next_page(page, room, enrolment)
    page.route("**/answer", lambda route: route.abort())
    answer_all(page)
    page.dblclick("[data-part=send]")
    expect(page.locator("[data-part=status]")).to_contain_text("1 waiting")
    page.reload()
    expect(page.locator("[data-part=trouble]")).to_contain_text("kept on this computer")
    assert not QuestionnaireResponse.objects.exists()
    lost: list[int] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/answer", lose_first)
    page.wait_for_url("**/instructions", timeout=20_000)
    assert lost == [200]
    assert QuestionnaireResponse.objects.get().answers == {"item-1": 7}


def test_a_lost_session_keeps_it_until_one_signs_in(asking_room: Callable[..., Room], reader_user: User) -> None:
    room = asking_room(TRUST)
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    next_page(page, room, enrolment)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    answer_all(page)
    page.click("[data-part=send]")
    page.wait_for_url("**/account/sign-in**")
    page.context.add_cookies([each for each in cookies if each["name"] == "sessionid"])  # type: ignore[arg-type,misc]
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    page.wait_for_url("**/instructions", timeout=20_000)
    assert QuestionnaireResponse.objects.count() == 1
