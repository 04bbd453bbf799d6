"""Answers survive what happens to browsers, networks and servers; the oracle is what the server has saved."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from tests.browser.conftest import until
from tests.browser.outbox.conftest import Desk, visit

pytestmark = pytest.mark.browser


def answer(page: Page, value: object) -> None:
    page.evaluate("(value) => window.answer({ value })", value)


def wait_saved(page: Page, count: int = 1) -> None:
    until(page, "(n) => window.acks.length >= n", count)


def status(page: Page) -> str:
    return page.inner_text("#status")


def stored(page: Page) -> int:
    return int(page.evaluate("window.outbox.waiting()"))


def test_it_saves_and_says_when(open_page: Page, desk: Desk) -> None:
    answer(open_page, 4)
    wait_saved(open_page)
    assert desk.order == [4]
    assert desk.tokens == {"token"}
    assert open_page.evaluate("window.acks[0].saved_at") == "2026-11-23T14:03:00"
    until(open_page, "() => document.getElementById('status').textContent === 'Saved 14:03'")
    assert stored(open_page) == 0


@pytest.mark.parametrize("failure", ["drop", "lose", "500", "503", "200"])
def test_it_repeats_until_the_server_acknowledges(open_page: Page, desk: Desk, failure: str) -> None:
    desk.fail = [failure, failure]
    answer(open_page, 1)
    wait_saved(open_page)
    assert desk.order == [1]
    assert len(desk.keys) >= 3
    assert len(set(desk.keys)) == 1


def test_it_keeps_answers_while_the_server_is_down(open_page: Page, desk: Desk) -> None:
    desk.fail = ["down"]
    for value in (1, 2, 3):
        answer(open_page, value)
    until(open_page, "() => document.getElementById('status').textContent === '3 waiting'")
    assert stored(open_page) == 3
    desk.fail = []
    wait_saved(open_page, 3)
    assert desk.order == [1, 2, 3]


def test_it_sends_after_a_reload(open_page: Page, desk: Desk) -> None:
    desk.fail = ["down"]
    answer(open_page, 7)
    until(open_page, "() => document.getElementById('status').textContent === '1 waiting'")
    open_page.reload()
    until(open_page, "() => window.ready")
    assert stored(open_page) == 1
    desk.fail = []
    until(open_page, "async () => (await window.outbox.waiting()) === 0")
    assert desk.order == [7]


def test_it_sends_what_a_closed_page_left(context: BrowserContext, desk: Desk) -> None:
    first = visit(context, desk)
    desk.fail = ["down"]
    answer(first, 8)
    until(first, "async () => (await window.outbox.waiting()) === 1")
    first.close()
    desk.fail = []
    second = visit(context, desk)
    until(second, "async () => (await window.outbox.waiting()) === 0")
    assert desk.order == [8]


def test_it_takes_a_double_click_as_one_answer(open_page: Page, desk: Desk) -> None:
    open_page.evaluate("() => { window.answer({ value: 5 }); window.answer({ value: 5 }); }")
    wait_saved(open_page, 2)
    answer(open_page, 5)
    wait_saved(open_page, 3)
    assert desk.order == [5]
    assert len(set(desk.keys)) == 1


def test_it_sends_a_change_of_mind_and_back(open_page: Page, desk: Desk) -> None:
    desk.fail = ["down"]
    for value in (1, 2, 1):
        answer(open_page, value)
    until(open_page, "async () => (await window.outbox.waiting()) === 3")
    desk.fail = []
    wait_saved(open_page, 3)
    assert desk.order == [1, 2, 1]


def test_it_never_lets_a_correction_overtake(open_page: Page, desk: Desk) -> None:
    desk.fail = ["500"]
    open_page.evaluate("() => { window.answer({ value: 1 }); window.answer({ value: 2 }); }")
    wait_saved(open_page, 2)
    assert desk.order == [1, 2]


def test_it_sends_once_from_two_tabs(context: BrowserContext, desk: Desk) -> None:
    first, second = visit(context, desk), visit(context, desk)
    desk.fail = ["down"]
    answer(first, 6)
    until(first, "async () => (await window.outbox.waiting()) === 1")
    answer(second, 6)
    until(second, "async () => (await window.outbox.waiting()) === 1")
    desk.fail = []
    wait_saved(first)
    wait_saved(second)
    assert desk.order == [6]
    assert len(set(desk.keys)) == 1


def test_it_waits_while_offline_and_sends_when_back(context: BrowserContext, desk: Desk) -> None:
    page = visit(context, desk)
    context.set_offline(True)
    answer(page, 9)
    until(page, "() => document.getElementById('status').textContent === '1 waiting'")
    assert desk.order == []
    context.set_offline(False)
    wait_saved(page)
    assert desk.order == [9]


def test_ten_minutes_without_a_server(context: BrowserContext, desk: Desk) -> None:
    """It tries again all the while, ever more rarely, and sends by itself when the server is back."""
    page = context.new_page()
    page.clock.install()
    page.goto(f"{desk.site.url}/page?")
    until(page, "() => window.ready")
    desk.fail = ["down"]
    for value in (1, 2, 3):
        answer(page, value)
    until(page, "() => document.getElementById('status').textContent === '3 waiting'")
    tried = len(desk.keys)
    for _second in range(0, 600, 5):
        page.clock.run_for(5_000)
        page.wait_for_timeout(20)
    assert len(desk.keys) - tried >= 8
    assert status(page) == "3 waiting"
    desk.fail = []
    for _wait in range(200):
        page.clock.run_for(1000)
        if desk.order == [1, 2, 3]:
            break
        page.wait_for_timeout(20)
    assert desk.order == [1, 2, 3]
    assert len(set(desk.keys)) == 3


def test_it_sends_what_a_crashed_tab_left(context: BrowserContext, desk: Desk) -> None:
    first = visit(context, desk)
    desk.fail = ["down"]
    answer(first, 8)
    until(first, "async () => (await window.outbox.waiting()) === 1")
    with contextlib.suppress(PlaywrightError):
        first.goto("chrome://crash", timeout=5000)
    desk.fail = []
    second = visit(context, desk)
    until(second, "async () => (await window.outbox.waiting()) === 0", seconds=20)
    assert desk.order == [8]


def test_it_shows_a_refusal_and_keeps_the_answer(open_page: Page, desk: Desk, tmp_path: Path) -> None:
    desk.fail = ["409"]
    answer(open_page, 3)
    until(open_page, "() => window.refusals.length === 1")
    assert open_page.evaluate("window.refusals[0]") == [409, "This trial is closed."]
    assert "This trial is closed." in status(open_page)
    sent = len(desk.keys)
    open_page.reload()
    until(open_page, "() => window.ready && document.querySelector('#status button')")
    with open_page.expect_download() as download:
        open_page.click("#status button")
    download.value.save_as(tmp_path / "answers.json")
    kept = json.loads((tmp_path / "answers.json").read_text())
    assert [entry["answer"] for entry in kept] == [{"value": 3}]
    assert len(desk.keys) == sent


def test_it_sends_later_answers_past_a_refusal(open_page: Page, desk: Desk) -> None:
    desk.fail = ["409"]
    open_page.evaluate("() => { window.answer({ value: 1 }); window.answer({ value: 2 }); }")
    wait_saved(open_page)
    assert desk.order == [2]
    until(open_page, "() => document.getElementById('status').dataset.state === 'saved'")


def test_it_tries_again_after_signing_in(open_page: Page, desk: Desk) -> None:
    desk.fail = ["403"]
    answer(open_page, 2)
    until(open_page, "() => window.refusals.length === 1")
    open_page.reload()
    until(open_page, "() => window.ready")
    until(open_page, "async () => (await window.outbox.waiting()) === 0")
    until(open_page, "() => document.getElementById('status').dataset.state !== 'refused'")
    assert desk.order == [2]


def test_it_leaves_another_reader_s_answers_alone(context: BrowserContext, desk: Desk) -> None:
    first = visit(context, desk, scope="one")
    second = visit(context, desk, scope="two")
    context.set_offline(True)
    answer(first, 1)
    until(first, "async () => (await window.outbox.waiting()) === 1")
    first.evaluate("() => window.outbox.close()")
    first.close()
    context.set_offline(False)
    answer(second, 2)
    wait_saved(second)
    assert desk.order == [2]


def test_it_sends_even_where_nothing_can_be_stored(webgl_context_without_storage: BrowserContext, desk: Desk) -> None:
    page = visit(webgl_context_without_storage, desk)
    desk.fail = ["500"]
    answer(page, 1)
    wait_saved(page)
    assert desk.order == [1]
