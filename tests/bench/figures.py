"""Figures: a promise about speed or memory, and how its ratio is measured within one run."""

from __future__ import annotations

import resource
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

Act = Callable[[], object]
REPEATS = 5


class Race(NamedTuple):
    """Two things that are timed in turn; the ratio is ours over the other's, or its inverse where more is better."""

    ours: Act
    other: Act
    repeats: int = REPEATS


class Measured(NamedTuple):
    """The median of some ratios, and the lowest and the highest of them."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: list[float]) -> Measured:
        """What a list of ratios comes to."""
        return cls(statistics.median(ratios), min(ratios), max(ratios))


@dataclass(frozen=True)
class Figure:
    """A promise: its group and title, how it is measured, and the bound that the median ratio keeps."""

    group: str
    title: str
    measure: Callable[[], Race | float]
    bound: float
    at_most: bool

    def run(self) -> Measured:
        """Measure now: ours over the other's for `at_most`, the other's over ours for `at_least`."""
        found = self.measure()
        if not isinstance(found, Race):
            return Measured(found, found, found)
        return Measured.of(raced(found) if self.at_most else [1 / ratio for ratio in raced(found)])

    def kept(self, measured: Measured) -> bool:
        """Whether the promise holds."""
        return measured.middle <= self.bound if self.at_most else measured.middle >= self.bound

    @property
    def promise(self) -> str:
        """The bound in words."""
        return f"{'at most' if self.at_most else 'at least'} {self.bound:g}"


FIGURES: list[Figure] = []


def figure(
    group: str, title: str, *, at_most: float | None = None, at_least: float | None = None
) -> Callable[[Callable[[], Race | float]], Callable[[], Race | float]]:
    """Enter a function into `FIGURES`; it prepares a `Race`, or measures a ratio itself."""
    if (at_most is None) == (at_least is None):
        raise ValueError("A figure has one bound: at_most or at_least.")

    def enter(measure: Callable[[], Race | float]) -> Callable[[], Race | float]:
        bound = at_most if at_most is not None else at_least
        assert bound is not None
        FIGURES.append(Figure(group, title, measure, bound, at_most is not None))
        return measure

    return enter


def seconds(act: Act) -> float:
    """Process time of one call, so that another program on the machine does not count."""
    start = time.process_time()
    act()
    return time.process_time() - start


def raced(race: Race) -> list[float]:
    """Ours over the other's in alternating pairs, after one pair to warm up where there is more than one."""
    warm = 1 if race.repeats > 1 else 0
    return [seconds(race.ours) / seconds(race.other) for _ in range(race.repeats + warm)][warm:]


def peak_mb(act: Act) -> float:
    """By how many MiB the process's resident memory rises at most during a call, sampled every 2 ms."""
    before, highest, done = _resident_mb(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.wait(0.002):
            highest = max(highest, _resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        act()
    finally:
        done.set()
        watcher.join()
    return max(highest, _resident_mb()) - before


def _resident_mb() -> float:
    with open("/proc/self/statm") as statement:
        return int(statement.read().split()[1]) * resource.getpagesize() / 2**20
