"""One page of a trial put together from its batches: events in order, gaps, and states as spans of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from studies.events.batch import Batch, Event

OVERLAY = ("start", "overlay_toggle", "overlay_hold", "reset")
"""Kinds of events that tell by `shown` whether a viewer's overlay is on the screen."""


@dataclass(frozen=True)
class Page:
    """The events of one load of a trial's page, by the browser's clock.

    `missing` counts sequence numbers that never came; `is_closed` says whether the browser told that it was leaving,
    so that the end is known too.
    """

    events: tuple[Event, ...]
    missing: int
    is_closed: bool

    @property
    def start(self) -> float:
        """When the image first stood on the screen, in milliseconds; the first event where that is not told."""
        painted = [float(event["at"]) for event in self.events if event["kind"] == "paint"]
        return painted[0] if painted else (float(self.events[0]["at"]) if self.events else 0.0)

    @property
    def end(self) -> float:
        """The last thing known."""
        return float(self.events[-1]["at"]) if self.events else 0.0

    def of(self, *kinds: str) -> list[Event]:
        """The events of these kinds, in order."""
        return [event for event in self.events if event["kind"] in kinds]

    def viewers(self) -> tuple[str, ...]:
        """The viewers that spoke; one without a name where none did."""
        return tuple(dict.fromkeys(str(event["viewer"]) for event in self.events if event.get("viewer"))) or ("",)

    def spans(self, changes: Sequence[tuple[float, object]]) -> Iterator[tuple[object, float]]:
        """Each state and how long it held between the first sight and the end, in milliseconds.

        `changes` are (time, state), in order; the state at the first sight is the last one set until then.
        """
        times = [max(self.start, time) for time, _state in changes]
        for place, (_time, state) in enumerate(changes):
            until = times[place + 1] if place + 1 < len(times) else self.end
            if until > times[place]:
                yield state, until - times[place]


def pages_of(batches: Iterable[Batch]) -> list[Page]:
    """The pages of a trial, in the order in which they first spoke."""
    found: dict[UUID, dict[int, Batch]] = {}
    for batch in batches:
        found.setdefault(batch.page, {}).setdefault(batch.seq, batch)
    return [_page(each) for each in found.values()]


def _page(batches: dict[int, Batch]) -> Page:
    ordered = [batches[seq] for seq in sorted(batches)]
    events = sorted((event for batch in ordered for event in batch.events), key=lambda event: float(event["at"]))
    missing = max(batches) + 1 - len(batches)
    return Page(tuple(events), missing, any(batch.is_last for batch in ordered))
