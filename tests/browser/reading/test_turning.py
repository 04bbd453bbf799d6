"""The next trial comes without a new page, its image from what was fetched while the last one was read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.accounts.models import User
from studies.models import EventBatch, Response, TrialState
from tests.browser.conftest import until
from tests.browser.looking import watched
from tests.browser.reading.conftest import Room, begin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOLLOW = """() => { window.same = true; window.paints = [];
document.addEventListener("viewer:event", (e) => e.detail.kind === "paint" && window.paints.push(performance.now()));
document.addEventListener("submit", () => { window.sentAt = performance.now(); }, true); }"""


def test_the_next_image_is_there_and_the_log_is_kept_apart(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("preference", "usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user)
    errors = watched(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    begin(page, room, enrolment)
    first, second, *_rest = enrolment.trials.order_by("position")
    until(
        page, "() => performance.getEntriesByType('resource').filter((each) => each.name.endsWith('/image')).length > 1"
    )
    page.evaluate(FOLLOW)
    assert sum(second.token in url for url in asked) == 2, "image and header, and nothing else"
    assert not [url for url in asked if second.token in url and "overlay" in url]
    second.refresh_from_db()
    assert (second.state, second.served_at) == (TrialState.PENDING, None), "looking ahead is not being served"
    page.locator(".viewer__stage").first.focus()
    for key in ("+", "i", "l"):
        page.keyboard.press(key)
    page.keyboard.press("3")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    until(page, "() => window.paints.length >= 2")
    assert page.evaluate("window.same"), "no new page"
    assert page.url.endswith(f"/s/{second.token}/")
    assert page.inner_text("h1").startswith("Image 2 of")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    image = [url for url in asked if second.token in url and url.endswith(("/image", "/header"))]
    assert len(image) == 2, "not fetched twice"
    assert page.input_value(".viewer select[data-viewer-field=blend] >> nth=0") == "weighted", (
        "every trial starts alike"
    )
    assert not page.is_checked("[data-viewer-field=invert] >> nth=0")
    assert page.locator("input:checked[type=radio]").count() == 0
    page.reload()
    page.wait_for_selector(".viewer[data-state=ready]")
    assert page.inner_text("h1").startswith("Image 2 of")
    page.keyboard.press("3")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: second.token not in url)
    page.wait_for_selector(".viewer[data-state=ready]")
    page.wait_for_selector("h1:has-text('Image 3')", state="attached")
    assert Response.objects.filter(trial__in=[first, second]).count() == 2
    page.wait_for_timeout(100)
    zoomed = EventBatch.objects.filter(trial=second)
    assert EventBatch.objects.filter(trial=first, is_last=True).exists(), "the log of the first trial was closed"
    assert not any(event["kind"] == "zoom" for batch in zoomed for event in batch.events)
    assert errors == []
