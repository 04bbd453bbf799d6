"""A batch of events as a browser sends it, checked at the border: plain, small, and within limits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

MOST_EVENTS = 500
"""In one batch: 20 a second of a kind, sent every few seconds, stays far below."""
MOST_SEQ = 20_000
MOST_KEYS = 12
LONGEST_TEXT = 64
LONGEST_MS = 24 * 60 * 60 * 1000
KIND = re.compile(r"[a-z][a-z_]{0,31}")

Event = dict[str, Any]
"""`kind`, `at` in milliseconds since the page began, and a few small values."""


class InvalidBatch(ValueError):
    """What was sent is no batch of events; the message says why in one sentence."""


@dataclass(frozen=True)
class Batch:
    """Events of one page, `seq` being their place on it."""

    page: UUID
    seq: int
    step: str
    is_last: bool
    events: tuple[Event, ...]

    @property
    def overlay_shown(self) -> bool:
        """Whether these events tell of an overlay on the screen."""
        return any(event.get("shown") is True for event in self.events)


def batch_of(sent: Any) -> Batch:
    """The batch that a browser sent; InvalidBatch where it is none."""
    if not isinstance(sent, Mapping):
        raise InvalidBatch("This is not a batch of events.")
    try:
        page = UUID(str(sent["page"]))
        seq, events = sent["seq"], sent["events"]
    except (KeyError, ValueError):
        raise InvalidBatch("A batch needs a page, a sequence number and events.") from None
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= MOST_SEQ:
        raise InvalidBatch("A sequence number is a whole number from 0.")
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        raise InvalidBatch(f"A batch has at most {MOST_EVENTS} events.")
    step = str(sent.get("step") or "")[:32]
    return Batch(page, seq, step, sent.get("last") is True, tuple(_event(event) for event in events))


def _event(sent: Any) -> Event:
    if not isinstance(sent, Mapping) or len(sent) > MOST_KEYS:
        raise InvalidBatch(f"An event has at most {MOST_KEYS} values.")
    kind, at = sent.get("kind"), sent.get("at")
    if not isinstance(kind, str) or not KIND.fullmatch(kind):
        raise InvalidBatch("An event has a kind in small letters.")
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at <= LONGEST_MS:
        raise InvalidBatch("An event has a time in milliseconds since its page began.")
    if not all(
        isinstance(name, str) and len(name) <= LONGEST_TEXT and _is_small(value) for name, value in sent.items()
    ):
        raise InvalidBatch("An event's values are numbers, flags and short texts.")
    return dict(sent)


def _is_small(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, (int, float)):
        return math.isfinite(value)
    return isinstance(value, str) and len(value) <= LONGEST_TEXT
