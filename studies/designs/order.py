"""Random orders under constraints: no arm too often in a row, no case again too soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from foundation.seeds import derive
from studies.designs.base import Planned

ATTEMPTS = 40


@dataclass(frozen=True)
class Limits:
    """At most `longest_run` trials of an arm in a row; at least `apart` trials from a case to the same case again."""

    longest_run: int = 2
    apart: int = 1


def shuffled(items: Sequence[str], seed: int, *names: str | int) -> tuple[str, ...]:
    """The items in an order drawn from the stream called by `names`."""
    order = sorted(items)
    Random(derive(seed, *names)).shuffle(order)
    return tuple(order)


def ordered(
    trials: Sequence[Planned], limits: Limits, seed: int, before: Sequence[Planned] = ()
) -> tuple[Planned, ...]:
    """The trials in a random order that breaks the limits as rarely as could be found; the same for the same seed.

    `before` are trials that precede them; limits hold across the border.
    """
    rng = Random(seed)
    best: tuple[Planned, ...] = tuple(trials)
    fewest = None
    for _ in range(ATTEMPTS):
        order = _attempt(trials, limits, rng, list(before))
        broken = breaches((*before, *order), limits)
        if fewest is None or broken < fewest:
            best, fewest = order, broken
        if fewest == 0:
            break
    return best


def breaches(trials: Sequence[Planned], limits: Limits) -> int:
    """How many trials break a limit, seen from those before them."""
    return sum(_breaks(trials[:place], trial, limits) > 0 for place, trial in enumerate(trials))


def longest_run(trials: Sequence[Planned]) -> int:
    """The longest row of trials with the same arm (or the same pair, either way round)."""
    longest = run = 0
    for place, trial in enumerate(trials):
        run = run + 1 if place and _key(trials[place - 1]) == _key(trial) else 1
        longest = max(longest, run)
    return longest


def closest_repeat(trials: Sequence[Planned]) -> int | None:
    """The least number of trials from a case to the same case again; None where no case comes twice."""
    last: dict[str, int] = {}
    distances = []
    for place, trial in enumerate(trials):
        if trial.case in last:
            distances.append(place - last[trial.case])
        last[trial.case] = place
    return min(distances, default=None)


def _attempt(trials: Sequence[Planned], limits: Limits, rng: Random, order: list[Planned]) -> tuple[Planned, ...]:
    start = len(order)
    left = list(trials)
    rng.shuffle(left)
    while left:
        costs = [_breaks(order, trial, limits) + _dead_end(order, left, trial, limits) for trial in left]
        order.append(left.pop(costs.index(min(costs))))
    return tuple(order[start:])


def _breaks(before: Sequence[Planned], trial: Planned, limits: Limits) -> int:
    recent = before[-limits.longest_run :]
    run = len(recent) == limits.longest_run and all(_key(other) == _key(trial) for other in recent)
    soon = limits.apart > 1 and any(other.case == trial.case for other in before[-(limits.apart - 1) :])
    return int(run) + int(soon)


def _dead_end(order: Sequence[Planned], left: Sequence[Planned], trial: Planned, limits: Limits) -> int:
    """Whether an arm would have more trials left than the other trials can part."""
    counts = Counter(_key(other) for other in left)
    counts[_key(trial)] -= 1
    run = 1
    for other in reversed(order):
        if _key(other) != _key(trial):
            break
        run += 1
    rest = sum(counts.values())
    for key, count in counts.items():
        room = limits.longest_run * (rest - count + 1) - (run if key == _key(trial) else 0)
        if count > room:
            return 1
    return 0


def _key(trial: Planned) -> frozenset[str]:
    return frozenset(trial.arms)
