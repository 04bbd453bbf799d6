"""What asks for a researcher's eye: readers who are stuck, failed catch trials, ratings and speed that drift.

Rules of thumb for whoever runs a study, told from answers alone and never from arms; nothing is left out of an analysis
because of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import mean, median

STUCK_AFTER = timedelta(days=3)
FEWEST = 12
"""Answers below which nothing is said of drift: halves of fewer than six are noise."""
RATING_DRIFT = 1.0
"""Points of the scale between the means of the first and the last half."""
SPEED_DRIFT = 0.5
"""A last half that takes less than this share of the first half's median time."""


@dataclass(frozen=True)
class Answered:
    """One answered trial: active seconds, the rating if it has one, and what the trial was for."""

    block: str
    purpose: str
    seconds: float | None
    rating: float | None


@dataclass(frozen=True)
class Flag:
    """One thing to look at, in few words."""

    kind: str
    words: str


def stuck(*, finished: bool, waits: bool, last_seen: datetime | None, since: datetime, now: datetime) -> str:
    """Words for a reader who should be reading and is not; `waits` is for whom the next session is not due yet."""
    if finished or waits:
        return ""
    if last_seen is None:
        return f"not begun for {(now - since).days} days" if now - since > STUCK_AFTER else ""
    return f"away for {(now - last_seen).days} days" if now - last_seen > STUCK_AFTER else ""


def failed_catches(answers: Sequence[Answered], middle: float) -> tuple[int, int]:
    """(failed, answered) catch trials: a map made to be worthless was rated above the scale's middle."""
    rated = [each.rating for each in answers if each.purpose == "catch" and each.rating is not None]
    return sum(rating > middle for rating in rated), len(rated)


def rating_drift(answers: Sequence[Answered]) -> tuple[str, float] | None:
    """(block, mean rating of its last half minus that of its first) where that is largest; None with too few."""
    drifts = {}
    for block in dict.fromkeys(each.block for each in answers):
        ratings = [each.rating for each in _ordinary(answers, block) if each.rating is not None]
        if len(ratings) >= FEWEST:
            half = len(ratings) // 2
            drifts[block] = mean(ratings[-half:]) - mean(ratings[:half])
    return max(drifts.items(), key=lambda each: abs(each[1]), default=None)


def speed_drift(answers: Sequence[Answered]) -> tuple[str, float] | None:
    """(block, median time of its last half as a share of the first half's) where that is least; None with too few."""
    shares = {}
    for block in dict.fromkeys(each.block for each in answers):
        seconds = [each.seconds for each in _ordinary(answers, block) if each.seconds is not None]
        half = len(seconds) // 2
        if len(seconds) >= FEWEST and (first := median(seconds[:half])) > 0:
            shares[block] = median(seconds[-half:]) / first
    return min(shares.items(), key=lambda each: each[1], default=None)


def _ordinary(answers: Sequence[Answered], block: str) -> list[Answered]:
    return [each for each in answers if each.block == block and each.purpose == "ordinary"]
