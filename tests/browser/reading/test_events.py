"""What the page tells of a reading, in a real browser: in order, without gaps, also after a lost connection."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Error as PlaywrightError

from portal.accounts.models import User
from studies.events import measures_of
from studies.models import EventBatch, Trial
from studies.reporting.events import batch_from
from tests.browser.reading.conftest import Room, begin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def stored(trial: Trial, least: int, wait: Callable[[], None]) -> list[EventBatch]:
    for _attempt in range(60):
        found = list(trial.event_batches.order_by("id"))
        if len(found) >= least and found[-1].is_last:
            return found
        wait()
    raise AssertionError(f"Only {trial.event_batches.count()} batches came.")


def test_a_trial_tells_what_was_done(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    begin(page, room, enrolment)
    trial = enrolment.trials.order_by("position")[0]
    page.uncheck("[data-viewer-field=overlay]")
    page.wait_for_timeout(300)
    page.check("[data-viewer-field=overlay]")
    page.click("[data-viewer-action=zoom-in]")
    page.check("[data-question=coverage] input[value='2']", force=True)
    page.check("[data-question=coverage] input[value='4']", force=True)
    page.goto(f"{room.url}/")
    batches = stored(trial, 1, lambda: page.wait_for_timeout(100))
    assert [batch.seq for batch in batches] == list(range(len(batches)))
    kinds = {event["kind"] for batch in batches for event in batch.events}
    assert {"start", "paint", "overlay_toggle", "zoom", "answer_change", "leave"} <= kinds
    found = measures_of([batch_from(batch) for batch in batches])
    assert found is not None
    assert not found.has_gaps
    assert (found.answer_flips, found.zoom_used) == (1, True)
    assert found.overlay_on is not None
    assert 0 < found.overlay_on < 1
    assert found.unaided >= 0.25


def test_events_of_an_hour_offline_come_with_the_next_page(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    begin(page, room, enrolment)
    trial = enrolment.trials.order_by("position")[0]
    page.context.set_offline(True)
    page.click("[data-viewer-action=zoom-in]")
    page.wait_for_timeout(5500)
    with pytest.raises(PlaywrightError):
        page.reload()
    assert trial.event_batches.count() == 0
    page.context.set_offline(False)
    page.goto(f"{room.url}/s/{trial.token}/")
    page.wait_for_selector(".viewer[data-state=ready]")
    page.goto(f"{room.url}/")
    batches = stored(trial, 2, lambda: page.wait_for_timeout(100))
    assert len({batch.page for batch in batches}) == 2
    found = measures_of([batch_from(batch) for batch in batches])
    assert found is not None
    assert (found.missing, found.zoom_used) == (0, True)
