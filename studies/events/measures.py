"""What the events of a trial say of how it was read. The viewport is a coarse attention proxy, and is called so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studies.events.batch import Batch, Event
from studies.events.timeline import OVERLAY, Page, pages_of

IDLE_MS = 30_000
"""Longer without anything done, and the reader is taken to be elsewhere."""
WINDOW = ("wl", "invert")
VIEWPORT = ("zoom", "pan", "viewport")
PASSIVE = ("start", "paint", "backend", "visibility", "blur", "focus", "idle", "leave", "viewport")
"""Kinds that happen without the reader's hand on the viewer or the questions."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Measures:
    """One trial, all its pages together; seconds and shares, None where nothing tells.

    `lesion_in_viewport` is the share of the reference region inside the viewport, averaged over the time that the image
    was on the screen: where the viewport was is a coarse attention proxy and says nothing of where the eyes were.
    """

    pages: int
    events: int
    missing: int
    is_closed: bool
    first_interaction: float | None
    active: float
    shown: float
    overlay_on: float | None
    unaided: float
    focus_loss: float | None
    window_used: bool
    zoom_used: bool
    answer_flips: int
    lesion_in_viewport: float | None = None
    lesion_ever_in_viewport: bool | None = None

    @property
    def has_gaps(self) -> bool:
        """Some events never came, or the end of a page is not known."""
        return self.missing > 0 or not self.is_closed

    def as_dict(self) -> dict[str, Any]:
        """By the names of the fields."""
        return asdict(self)


def measures_of(batches: Iterable[Batch], *, lesion: Mask | None = None) -> Measures | None:
    """The measures of a trial; None where no event came. `lesion` (rows, columns) is on the image's own grid."""
    pages = [page for page in pages_of(batches) if page.events]
    if not pages:
        return None
    shown = sum(page.end - page.start for page in pages)
    overlays = [_overlay(page) for page in pages]
    mapped = sum(time for _on, time in overlays)
    on = sum(on for on, _time in overlays)
    away = sum(_away(page) for page in pages)
    seen = _seen(pages, lesion) if lesion is not None and lesion.any() else None
    return Measures(
        pages=len(pages),
        events=sum(len(page.events) for page in pages),
        missing=sum(page.missing for page in pages),
        is_closed=all(page.is_closed for page in pages),
        first_interaction=_first(pages),
        active=sum(_active(page) for page in pages) / 1000,
        shown=shown / 1000,
        overlay_on=on / mapped if mapped else None,
        unaided=(shown - on) / 1000,
        focus_loss=min(1.0, away / shown) if shown else None,
        window_used=any(page.of(*WINDOW) for page in pages),
        zoom_used=any(page.of("zoom", "pan") for page in pages),
        answer_flips=sum(_flips(page.of("answer_change")) for page in pages),
        lesion_in_viewport=seen[0] if seen else None,
        lesion_ever_in_viewport=seen[1] if seen else None,
    )


def _first(pages: Sequence[Page]) -> float | None:
    """Seconds from the first sight to the first thing done with the viewer or the questions."""
    before = 0.0
    for page in pages:
        done = [float(event["at"]) for event in page.events if event["kind"] not in PASSIVE]
        if done:
            return max(0.0, before + done[0] - page.start) / 1000
        before += page.end - page.start
    return None


def _active(page: Page) -> float:
    """Time between things done, each stretch counted up to the idle limit, less what was spent elsewhere."""
    times = [page.start, *(float(event["at"]) for event in page.events if event["kind"] not in PASSIVE), page.end]
    stretches = np.diff(np.clip(times, page.start, page.end))
    return max(0.0, float(np.minimum(stretches, IDLE_MS).sum()) - min(_away(page), float(stretches.sum())))


def _overlay(page: Page) -> tuple[float, float]:
    """How long an overlay was on, and how long there was one to be shown; the mean over the page's viewers."""
    on, there, viewers = 0.0, 0.0, page.viewers()
    for viewer in viewers:
        changes = [
            (float(event["at"]), event["shown"])
            for event in page.of(*OVERLAY)
            if isinstance(event.get("shown"), bool) and event.get("viewer", viewer) == viewer
        ]
        spans = list(page.spans(changes))
        on += sum(time for state, time in spans if state)
        there += sum(time for _state, time in spans)
    return on / len(viewers), there / len(viewers)


def _away(page: Page) -> float:
    """How long the page was hidden or its window without the focus."""
    changes: list[tuple[float, object]] = [(page.start, False)]
    hidden = blurred = False
    for event in page.of("visibility", "blur", "focus"):
        if event["kind"] == "visibility":
            hidden = event.get("visible") is False
        else:
            blurred = event["kind"] == "blur"
        changes.append((float(event["at"]), hidden or blurred))
    return sum(time for state, time in page.spans(changes) if state)


def _flips(changes: Sequence[Event]) -> int:
    """How often an answer that stood was changed for another."""
    last: dict[Any, Any] = {}
    flips = 0
    for event in changes:
        question, value = event.get("question"), event.get("value")
        flips += last.get(question, value) != value
        last[question] = value
    return flips


def _seen(pages: Sequence[Page], lesion: Mask) -> tuple[float, bool] | None:
    """The share of the lesion inside the viewport over time, and whether any of it ever was; at first all is."""
    rows, columns = lesion.shape
    weighted = total = 0.0
    ever = False
    for page in pages:
        changes: list[tuple[float, object]] = [(page.start, (0, 0, columns, rows))]
        changes += [
            (float(event["at"]), tuple(int(event[side]) for side in ("x0", "y0", "x1", "y1")))
            for event in page.of(*VIEWPORT)
            if all(isinstance(event.get(side), (int, float)) for side in ("x0", "y0", "x1", "y1"))
        ]
        for box, time in page.spans(changes):
            share = _inside(lesion, box)  # type: ignore[arg-type]  # the states above are boxes
            weighted, total, ever = weighted + share * time, total + time, ever or share > 0
    return (weighted / total, ever) if total else None


def _inside(lesion: Mask, box: tuple[int, int, int, int]) -> float:
    x0, y0, x1, y1 = box
    return float(lesion[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)].sum() / lesion.sum())
