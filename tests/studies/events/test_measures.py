"""Timelines put together by hand, and what the measures say of them."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest

from studies.events import Batch, InvalidBatch, batch_of, measures_of

PAGE = uuid.UUID(int=1)


def batch(*events: dict[str, Any], seq: int = 0, last: bool = False, page: uuid.UUID = PAGE) -> Batch:
    return batch_of({"page": str(page), "seq": seq, "step": "rate", "last": last, "events": list(events)})


def at(seconds: float, kind: str, **detail: Any) -> dict[str, Any]:
    return {"kind": kind, "at": int(seconds * 1000), **detail}


def test_a_reading_of_one_page() -> None:
    found = measures_of(
        [
            batch(at(0.0, "start", viewer="A", shown=True), at(1.0, "paint", viewer="A")),
            batch(
                at(3.0, "overlay_toggle", viewer="A", shown=False),
                at(6.0, "overlay_toggle", viewer="A", shown=True),
                at(8.0, "wl", viewer="A", c=1.0, w=2.0),
                at(9.0, "answer_change", question="coverage", value="4"),
                at(10.0, "answer_change", question="coverage", value="5"),
                at(11.0, "leave"),
                seq=1,
                last=True,
            ),
        ]
    )
    assert found is not None
    assert found.first_interaction == 2.0
    assert found.shown == 10.0
    assert found.overlay_on == pytest.approx(0.7)
    assert found.unaided == pytest.approx(3.0)
    assert found.active == 10.0
    assert (found.window_used, found.zoom_used, found.answer_flips) == (True, False, 1)
    assert (found.missing, found.is_closed, found.has_gaps) == (0, True, False)


def test_a_missing_number_and_an_unknown_end_are_gaps() -> None:
    first, third = batch(at(0, "paint")), batch(at(9, "leave"), seq=2, last=True)
    missing = measures_of([third, first])
    assert missing is not None
    assert (missing.missing, missing.has_gaps) == (1, True)
    cut = measures_of([first])
    assert cut is not None
    assert (cut.missing, cut.is_closed, cut.has_gaps) == (0, False, True)


def test_half_a_minute_without_a_hand_is_not_active() -> None:
    found = measures_of([batch(at(0, "paint"), at(5, "pan"), at(300, "pan"), at(301, "leave"), last=True)])
    assert found is not None
    assert found.active == 5 + 30 + 1


def test_time_in_another_window_is_lost_focus_and_not_active() -> None:
    found = measures_of(
        [
            batch(
                at(0, "paint"),
                at(2, "blur"),
                at(2, "visibility", visible=False),
                at(6, "visibility", visible=True),
                at(7, "focus"),
                at(10, "leave"),
                last=True,
            )
        ]
    )
    assert found is not None
    assert found.focus_loss == pytest.approx(0.5)
    assert found.active == pytest.approx(5.0)


def test_the_viewport_and_the_lesion() -> None:
    """A lesion of 4 x 4 at the top left, looked at whole for 5 s, then half of it for 5 s, then not at all for 10 s."""
    lesion = np.zeros((20, 20), dtype=bool)
    lesion[0:4, 0:4] = True
    events = batch(
        at(0, "paint"),
        at(5, "pan", x0=2, y0=0, x1=20, y1=20),
        at(10, "zoom", x0=10, y0=10, x1=20, y1=20),
        at(20, "leave"),
        last=True,
    )
    found = measures_of([events], lesion=lesion)
    assert found is not None
    assert found.lesion_in_viewport == pytest.approx((5 * 1.0 + 5 * 0.5 + 10 * 0.0) / 20)
    assert found.lesion_ever_in_viewport is True
    never = batch(at(0, "viewport", x0=10, y0=10, x1=20, y1=20), at(0, "paint"), at(4, "leave"), last=True)
    apart = measures_of([never], lesion=lesion)
    assert apart is not None
    assert (apart.lesion_in_viewport, apart.lesion_ever_in_viewport) == (0.0, False)


def test_two_pages_add_up_and_two_viewers_are_averaged() -> None:
    other = uuid.UUID(int=2)
    one = batch(at(0, "paint"), at(4, "leave"), last=True)
    two = batch(
        at(0, "start", viewer="A", shown=True),
        at(0, "start", viewer="B", shown=True),
        at(0, "paint", viewer="A"),
        at(2, "overlay_toggle", viewer="B", shown=False),
        at(4, "leave"),
        last=True,
        page=other,
    )
    found = measures_of([one, two])
    assert found is not None
    assert (found.pages, found.shown) == (2, 8.0)
    assert found.overlay_on == pytest.approx((4 + 2) / 8)
    assert found.unaided == pytest.approx(8 - 3)
    assert found.first_interaction == 4 + 2


def test_no_events_no_measures() -> None:
    assert measures_of([]) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"page": "x"},
        {"seq": -1},
        {"seq": True},
        {"events": {}},
        {"events": [{"kind": "pan"}]},
        {"events": [{"kind": "Pan!", "at": 1}]},
        {"events": [{"kind": "pan", "at": -1}]},
        {"events": [{"kind": "pan", "at": 1, "path": [1, 2]}]},
        {"events": [{"kind": "pan", "at": 1, "text": "x" * 65}]},
        {"events": [{"kind": "pan", "at": 1}] * 501},
        {"events": [{"kind": "pan", "at": float("nan")}]},
    ],
)
def test_what_is_no_batch_is_refused(changes: dict[str, Any]) -> None:
    good = {"page": str(PAGE), "seq": 0, "events": [{"kind": "pan", "at": 1}]}
    assert batch_of(good).events
    with pytest.raises(InvalidBatch):
        batch_of(good | changes)
