"""When a reader may read on: gaps between the design's sessions, how much at a stretch, and breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol as Shape

from studies.protocol import Protocol


class Row(Shape):
    """A trial, as far as pacing needs it; periods count from 1."""

    @property
    def period(self) -> int: ...

    @property
    def served_at(self) -> datetime | None: ...

    @property
    def completed_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Window:
    """When the next session may be begun; `closes_at` is None where it never closes."""

    opens_at: datetime
    closes_at: datetime | None

    def is_early(self, now: datetime) -> bool:
        """It is not open yet."""
        return now < self.opens_at

    def is_late(self, now: datetime) -> bool:
        """It is open no more."""
        return self.closes_at is not None and now > self.closes_at


def window_of(rows: Sequence[Row], protocol: Protocol) -> Window | None:
    """When the session of the next trial may be begun; None where it has been begun, is the first, or all is done.

    Gaps count from the last trial of the session before; `rows` are in the reader's order.
    """
    current = next((row for row in rows if row.completed_at is None), None)
    if current is None or current.period == 1:
        return None
    if any(row.period == current.period and row.served_at is not None for row in rows):
        return None
    before = [row.completed_at for row in rows if row.completed_at is not None]
    if not before:
        return None
    last, most = max(before), protocol.sessions.max_gap_days
    return Window(
        opens_at=last + timedelta(days=protocol.min_gap_days),
        closes_at=None if most is None else last + timedelta(days=most),
    )


def rest_until(rows: Sequence[Row], protocol: Protocol, now: datetime) -> datetime | None:
    """Until when a reader must rest who has read as much at a stretch as the protocol allows; None if they may go on.

    A stretch ends with a pause of `break_minutes`; without such a length a break is a click, and this says nothing.
    """
    pause = timedelta(minutes=protocol.sessions.break_minutes)
    trials, begun = _stretch(rows, pause)
    if not pause or begun is None or not is_enough(trials, begun, protocol, now):
        return None
    last = max(row.completed_at for row in rows if row.completed_at is not None)
    return last + pause if now < last + pause else None


def is_enough(trials: int, begun: datetime, protocol: Protocol, now: datetime) -> bool:
    """Whether so many trials since then are as much as the protocol allows at a stretch."""
    most = protocol.sessions.trials
    long = now - begun > timedelta(minutes=protocol.readers.session_minutes)
    return long or (most is not None and trials >= most)


def done_since(rows: Sequence[Row], begun: datetime) -> int:
    """How many trials were finished since then."""
    return sum(row.completed_at is not None and row.completed_at >= begun for row in rows)


def _stretch(rows: Sequence[Row], pause: timedelta) -> tuple[int, datetime | None]:
    """How many trials were done since the last pause, and when the first of them was served."""
    done = sorted((row.completed_at, row.served_at or row.completed_at) for row in rows if row.completed_at is not None)
    count, begun = 0, None
    for place in reversed(range(len(done))):
        served = done[place][1]
        count, begun = count + 1, served
        if place and served - done[place - 1][0] >= pause:
            break
    return count, begun
