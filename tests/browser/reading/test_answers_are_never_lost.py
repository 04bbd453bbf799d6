"""A reload, a double click, a second tab, a dropped connection, a failing server: nothing lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from portal.accounts.models import User
from studies.models import Enrolment, Response
from tests.browser.reading.conftest import Room, begin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Opened = tuple[Room, Enrolment, Page]


@pytest.fixture
def opened(open_room: Callable[..., Room], reader_user: User) -> Opened:
    """A reader at their first trial."""
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    begin(page, room, enrolment)
    return room, enrolment, page


def rate(page: Page, coverage: str = "4", extraneous: str = "2") -> None:
    page.keyboard.press(coverage)
    page.keyboard.press(extraneous)


def leave_practice(page: Page) -> None:
    """Answer the practice trial and go on to the first that counts."""
    rate(page)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-part=feedback]:not([hidden])")
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    page.wait_for_selector(".viewer[data-state=ready]")


def wait_for_next(page: Page, before: str) -> None:
    page.wait_for_url(lambda url: url != before, timeout=15_000)
    page.wait_for_selector(".answer")


def given() -> list[dict[str, object]]:
    return list(Response.objects.order_by("id").values_list("answers", flat=True))


def test_the_whole_block_by_keyboard(opened: Opened) -> None:
    _room, _enrolment, page = opened
    leave_practice(page)
    for trial in range(3):
        before = page.url
        rate(page, "5", "1")
        page.keyboard.press("Enter")
        if trial == 2:
            page.wait_for_url("**/thanks")
        else:
            wait_for_next(page, before)
            page.wait_for_selector(".viewer[data-state=ready]")
            expect(page.locator(".saved-before")).to_contain_text("Last answer saved")
    assert "That was the last image" in page.content()
    assert given() == [{"coverage": 4, "extraneous": 2}] + 3 * [{"coverage": 5, "extraneous": 1}]
    client = Response.objects.latest("id").client
    assert client["active_seconds"] > 0
    assert client["viewer"]["backend"] in {"webgl2", "webgl", "canvas"}


def test_an_unfinished_answer_is_not_sent(opened: Opened) -> None:
    _room, _enrolment, page = opened
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=trouble]")).to_have_text("Please answer every question first.")
    assert given() == []


def test_a_double_click_is_one_answer(opened: Opened) -> None:
    _room, _enrolment, page = opened
    leave_practice(page)
    before = page.url
    rate(page)
    page.dblclick("[data-part=send]")
    wait_for_next(page, before)
    assert len(given()) == 2


def test_a_reload_while_the_answer_waits(opened: Opened) -> None:
    _room, enrolment, page = opened
    leave_practice(page)
    before = page.url
    page.route("**/answer", lambda route: route.abort())
    rate(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=status]")).to_have_attribute("data-state", "waiting")
    expect(page.locator("[data-part=status]")).to_contain_text("1 waiting")
    assert len(given()) == 1
    page.reload()
    expect(page.locator("[data-part=trouble]")).to_contain_text("kept on this computer")
    page.unroute("**/answer")
    wait_for_next(page, before)
    assert given()[1] == {"coverage": 4, "extraneous": 2}
    assert enrolment.trials.filter(state="done").count() == 2


def test_a_dropped_connection_mends_itself(opened: Opened) -> None:
    _room, _enrolment, page = opened
    leave_practice(page)
    before = page.url
    page.context.set_offline(True)
    rate(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=status]")).to_have_attribute("data-state", "waiting")
    expect(page.locator("[data-part=trouble]")).to_contain_text("No connection", timeout=10_000)
    page.context.set_offline(False)
    wait_for_next(page, before)
    assert len(given()) == 2


def test_an_answer_whose_receipt_is_lost_is_stored_once(opened: Opened) -> None:
    """The server stores it, the browser never hears: the same key goes out again."""
    _room, _enrolment, page = opened
    leave_practice(page)
    before = page.url
    lost: list[int] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/answer", lose_first)
    rate(page)
    page.keyboard.press("Enter")
    wait_for_next(page, before)
    assert lost == [200]
    assert len(given()) == 2


def test_a_failing_server_is_tried_again(opened: Opened) -> None:
    _room, _enrolment, page = opened
    leave_practice(page)
    before = page.url
    failed: list[str] = []

    def fail_twice(route: Route) -> None:
        if len(failed) == 2:
            route.continue_()
            return
        failed.append(route.request.url)
        route.fulfill(status=503, body="restarting")

    page.route("**/answer", fail_twice)
    rate(page)
    page.keyboard.press("Enter")
    wait_for_next(page, before)
    assert len(failed) == 2
    assert len(given()) == 2


def test_a_second_tab_is_sent_on_to_the_current_trial(opened: Opened) -> None:
    _room, _enrolment, page = opened
    leave_practice(page)
    before = page.url
    second = page.context.new_page()
    second.goto(before)
    second.wait_for_selector(".viewer[data-state=ready]")
    page.bring_to_front()
    rate(page)
    page.keyboard.press("Enter")
    wait_for_next(page, before)
    second.goto(before)
    assert second.url == page.url
    assert len(given()) == 2


def test_a_stale_tab_writes_nothing_and_goes_on(opened: Opened) -> None:
    _room, _enrolment, page = opened
    leave_practice(page)
    before = page.url
    second = page.context.new_page()
    second.goto(before)
    second.wait_for_selector(".viewer[data-state=ready]")
    rate(page)
    page.keyboard.press("Enter")
    wait_for_next(page, before)
    rate(second, "1", "5")
    second.keyboard.press("Enter")
    wait_for_next(second, before)
    assert second.url == page.url
    assert given()[1:] == [{"coverage": 4, "extraneous": 2}]
    expect(second.locator("[data-part=trouble]")).to_have_text("This was answered before, and that answer is kept.")
    expect(second.locator("[data-part=status]")).not_to_have_attribute("data-state", "refused")


def test_the_previous_answer_may_be_changed(opened: Opened) -> None:
    _room, _enrolment, page = opened
    leave_practice(page)
    before = page.url
    rate(page)
    page.keyboard.press("Enter")
    wait_for_next(page, before)
    page.click("text=Change the previous answer")
    page.wait_for_url("**/change")
    expect(page.locator("input[name=coverage][value='4']")).to_be_checked()
    page.check("input[name=coverage][value='1']")
    changing = page.url
    page.click("[data-part=send]")
    wait_for_next(page, changing)
    assert given()[1:] == [{"coverage": 4, "extraneous": 2}, {"coverage": 1, "extraneous": 2}]


def test_a_lost_session_keeps_the_answer_until_one_signs_in(opened: Opened, reader_user: User) -> None:
    room, enrolment, page = opened
    leave_practice(page)
    before = page.url
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    rate(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/sign-in**")
    assert len(given()) == 1
    page.context.add_cookies([each for each in cookies if each["name"] == "sessionid"])  # type: ignore[arg-type,misc]
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    assert page.url == before
    wait_for_next(page, before)
    assert len(given()) == 2


def test_without_scripts_the_page_says_so(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, java_script_enabled=False)
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    page.click("main button.primary")
    page.wait_for_url("**/s/*/")
    assert "needs scripts" in page.inner_text("noscript p")


def test_diagnosis_by_keyboard(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("diagnosis", "usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    begin(page, room, enrolment)
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer[data-step=final]")
    expect(page.locator(".first-answer")).to_have_text("Your first answer: 30 %")
    before = page.url
    page.keyboard.type("72")
    page.keyboard.press("Enter")
    wait_for_next(page, before)
    assert given() == [{"probability": 30.0}, {"probability": 72.0}]
