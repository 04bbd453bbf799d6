"""Trials put among a block's own by rule, blind to the reader: repeats, catch trials and foils."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from foundation.seeds import derive
from studies.designs.base import DesignError, Limits, Planned
from studies.designs.order import keeps

ATTEMPTS = 40
Draw = Callable[[int], tuple[Planned, ...]]


@dataclass(frozen=True)
class Repeats:
    """Trials that come a second time, in the same arm, so that a reader's own consistency can be measured."""

    share: float = field(
        default=10.0, metadata={"minimum": 0.1, "maximum": 100, "help": "Of the block's trials, in per cent."}
    )
    apart: int = field(
        default=15, metadata={"minimum": 1, "maximum": 10_000, "help": "At least so many trials after the first time."}
    )
    session: Literal["same", "next"] = field(
        default="same", metadata={"help": "In the same session, or all in a session of their own afterwards."}
    )

    def count(self, trials: int) -> int:
        """How many of so many trials are repeated: the share, to the nearest whole number, at least one."""
        return min(trials, max(1, int(trials * self.share / 100 + 0.5)))


def require_repeats(repeats: Repeats, trials: int, inserted: int) -> None:
    """DesignError, by counting, where repeats cannot be as far apart as they should be.

    Of r repeats the first comes at place n + c (from 0) at the latest, n trials, c inserted ones and r - 1 other
    repeats being there in all besides it, and what it repeats at place 0 at the earliest.
    """
    if repeats.session == "same" and trials + inserted < repeats.apart:
        raise DesignError(
            f"Among {trials + inserted} trials a repeat comes {trials + inserted} trials after the first time at most, "
            f"and repeats apart asks for {repeats.apart}; use fewer, or 'session: next'."
        )


def with_inserted(
    draw: Draw, repeats: Repeats | None, inserted: Sequence[Planned], limits: Limits, slot: int, seed: int
) -> tuple[Planned, ...]:
    """A reader's trials with what is inserted among them, in the order of the sessions.

    `draw(again)` gives the block's trials in the order drawn for the n-th time: where repeats fit into no place of one
    order without a breach of its limits, the next order is taken.
    """
    for again in range(ATTEMPTS):
        trials = draw(again)
        rng = Random(derive(seed, "inserted", slot, again))
        found = _attempt(trials, repeats, inserted, limits, rng)
        if found is not None:
            return found
    raise DesignError(
        "The repeats fit nowhere without too long a run of an arm or a case that comes again too soon; allow longer "
        "runs, or put them into a session of their own ('session: next')."
    )


def _attempt(
    trials: tuple[Planned, ...],
    repeats: Repeats | None,
    inserted: Sequence[Planned],
    limits: Limits,
    rng: Random,
) -> tuple[Planned, ...] | None:
    periods = sorted({trial.period for trial in trials})
    order: list[Planned] = []
    later: list[Planned] = []
    for place, period in enumerate(periods):
        own = [trial for trial in trials if trial.period == period]
        extra = [replace(each, period=period) for each in inserted[place :: len(periods)]]
        if repeats is None:
            order += _spread(own, extra, rng)
        elif repeats.session == "next":
            again = _sources(own, repeats.count(len(own)), rng)
            later += [replace(own[i], period=periods[-1] + 1, purpose="repeat") for i in again]
            order += _spread(own, extra, rng)
        else:
            require_repeats(repeats, len(own), len(extra))
            found = _repeated(own, extra, repeats, limits, rng)
            if found is None:
                return None
            order += found
    rng.shuffle(later)
    return (*order, *later)


def _repeated(
    own: list[Planned], extra: list[Planned], repeats: Repeats, limits: Limits, rng: Random
) -> list[Planned] | None:
    """The trials of one session with repeats and inserted ones; None where a limit would be broken."""
    count = repeats.count(len(own))
    if len(own) < repeats.apart:  # only the inserted ones make the distance: all of them lie in the middle
        middle = _spread(own[count:], extra, rng) if len(own) > count else extra
        order = [*own[:count], *middle, *(replace(each, purpose="repeat") for each in own[:count])]
        return order if keeps(order, limits) else None
    order = list(own)
    early = own[: max(len(own) - repeats.apart + 1, count)]
    ranked = _sources(early, len(early), rng)
    for done in range(count):
        within = [source for source in ranked if source <= len(own) - repeats.apart + done]
        found = next(filter(None, (_put(order, own[source], repeats.apart, limits, rng) for source in within)), None)
        if found is None:
            return None
        source, order = found
        ranked = [each for each in ranked if own[each] != source]
    return _spread(order, extra, rng)


def _put(
    order: list[Planned], source: Planned, apart: int, limits: Limits, rng: Random
) -> tuple[Planned, list[Planned]] | None:
    """The order with a trial once more, at a random place among those that break no limit; None where there is none."""
    places = list(range(order.index(source) + apart, len(order) + 1))
    rng.shuffle(places)
    trial = replace(source, purpose="repeat")
    for place in places:
        longer = [*order[:place], trial, *order[place:]]
        if keeps(longer, limits):
            return source, longer
    return None


def _sources(own: Sequence[Planned], count: int, rng: Random) -> list[int]:
    """Which trials are repeated first: by lot, one of each arm before any arm comes again."""
    order = list(range(len(own)))
    rng.shuffle(order)
    seen: dict[frozenset[str], int] = {}
    ranked = []
    for index in order:
        seen[own[index].key] = seen.get(own[index].key, 0) + 1
        ranked.append((seen[own[index].key], index))
    return [index for _rank, index in sorted(ranked, key=lambda pair: pair[0])][:count]


def _spread(trials: Sequence[Planned], extra: Sequence[Planned], rng: Random) -> list[Planned]:
    """Inserted trials in random order, each at a random place of its own stretch of the session, never the first."""
    mixed = list(extra)
    rng.shuffle(mixed)
    order = list(trials)
    for number in reversed(range(len(mixed))):
        low = 1 + number * len(trials) // len(mixed)
        high = max(low, (number + 1) * len(trials) // len(mixed))
        order.insert(min(rng.randint(low, high), len(order)), mixed[number])
    return order
