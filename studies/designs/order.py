"""Random orders under limits: no arm too often in a row, no case again too soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from random import Random

from foundation.seeds import derive
from studies.designs.base import DesignError, Limits, Planned

ATTEMPTS = 40
MOST_WITNESSES = 720
Key = frozenset[str]

__all__ = ["Limits", "breaches", "closest_repeat", "in_order", "keeps", "longest_run", "shuffled"]


def shuffled(items: Sequence[str], seed: int, *names: str | int) -> tuple[str, ...]:
    """The items in an order drawn from the stream called by `names`."""
    order = sorted(items)
    Random(derive(seed, *names)).shuffle(order)
    return tuple(order)


def in_order(rounds: Sequence[Sequence[Planned]], limits: Limits, seed: int) -> tuple[Planned, ...]:
    """Rounds of trials, each in a random order, that keep the limits across their borders; the same for the same seed.

    Where no draw keeps them, the rounds are given one common order that does. DesignError where there is none: the
    checks of `feasible` come first and say by counting why.
    """
    rng = Random(seed)
    for _ in range(ATTEMPTS):
        order = _drawn(rounds, limits, rng)
        if order is not None:
            return order
    for order in _common_orders(rounds):
        if keeps(order, limits):
            return order
    raise DesignError(
        f"No order of these {sum(map(len, rounds))} trials keeps longest_run {limits.longest_run} and apart "
        f"{limits.apart} together; allow longer runs, or repeats that are closer."
    )


def keeps(trials: Sequence[Planned], limits: Limits) -> bool:
    """Whether an order keeps its limits; the run of an arm counts only where there are two arms or more."""
    return not breaches(trials, limits)


def breaches(trials: Sequence[Planned], limits: Limits) -> int:
    """How many limits an order breaks: its longest run, its closest repeat."""
    close = closest_repeat(trials)
    several = len({trial.key for trial in trials}) > 1
    runs = limits.longest_run is not None and several and longest_run(trials) > limits.longest_run
    return int(runs) + int(close is not None and close < limits.apart)


def longest_run(trials: Sequence[Planned]) -> int:
    """The longest row of trials with the same arm (or the same pair, either way round)."""
    longest = run = 0
    for place, trial in enumerate(trials):
        run = run + 1 if place and trials[place - 1].key == trial.key else 1
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


def _drawn(rounds: Sequence[Sequence[Planned]], limits: Limits, rng: Random) -> tuple[Planned, ...] | None:
    """One draw, trial by trial, each among those that break nothing and leave no arm with too many; None if stuck."""
    order: list[Planned] = []
    last: dict[str, int] = {}
    several = len({trial.key for trials in rounds for trial in trials}) > 1
    most = limits.longest_run if several else None
    for trials in rounds:
        left = list(trials)
        counts = Counter(trial.key for trial in left)
        run = _run_at_end(order)
        while left:
            place = len(order)
            allowed = _allowed(counts, order[-1].key if order else None, run, most)
            free = [
                index
                for index, trial in enumerate(left)
                if trial.key in allowed and place - last.get(trial.case, -limits.apart) >= limits.apart
            ]
            if not free:
                return None
            trial = left.pop(rng.choice(free))
            run = run + 1 if order and order[-1].key == trial.key else 1
            counts[trial.key] -= 1
            order.append(trial)
            last[trial.case] = place
    return tuple(order)


def _allowed(counts: Counter[Key], before: Key | None, run: int, most: int | None) -> set[Key]:
    """Arms that may come next: no run gets too long, now or later for want of others to part it."""
    there = [key for key, count in counts.items() if count]
    if most is None:
        return set(there)
    total = sum(counts.values())
    found = set()
    for key in there:
        length = run + 1 if key == before else 1
        if length <= most and all(_fits(counts, total, other, key, length, most) for other in there):
            found.add(key)
    return found


def _fits(counts: Counter[Key], total: int, other: Key, chosen: Key, length: int, most: int) -> bool:
    """Whether the rest of an arm's trials can be parted once `chosen` has come, `length` times in a row by then."""
    left = counts[other] - (other == chosen)
    rest = total - 1 - left
    return left <= most * (rest + 1) - (length if other == chosen else 0)


def _run_at_end(order: Sequence[Planned]) -> int:
    run = 0
    for trial in reversed(order):
        if trial.key != order[-1].key:
            break
        run += 1
    return run


def _common_orders(rounds: Sequence[Sequence[Planned]]) -> Iterator[tuple[Planned, ...]]:
    """One order of cases for all rounds, arms of the first round taking turns, the most frequent ones first.

    Each case is then as far from itself as there are cases, and arms change at every trial within a round; orders
    differ in which arms come first, and so in what meets at the borders.
    """
    piles: dict[Key, list[str]] = {}
    for trial in rounds[0]:
        piles.setdefault(trial.key, []).append(trial.case)
    by_case = [{trial.case: trial for trial in trials} for trials in rounds]
    if any(
        len(known) != len(trials) or set(known) != set(by_case[0])
        for known, trials in zip(by_case, rounds, strict=True)
    ):
        return
    for number, turn in enumerate(permutations(sorted(piles, key=sorted))):
        if number == MOST_WITNESSES:
            return
        most_first = sorted(turn, key=lambda key: -len(piles[key]))
        laps = range(max(map(len, piles.values())))
        cases = [piles[key][lap] for lap in laps for key in most_first if lap < len(piles[key])]
        yield tuple(known[case] for known in by_case for case in cases)
