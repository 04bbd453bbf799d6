"""Latin squares one after another: what several designs stand on."""

from __future__ import annotations

from functools import lru_cache

from foundation.seeds import derive
from studies.designs.base import Limits, Planned
from studies.designs.feasible import require_apart, require_turns
from studies.designs.order import in_order, shuffled

USUAL_APART = 8


def limits_of(longest_run: int, apart: int | None, cases: int) -> Limits:
    """A design's limits; without a wish, repeats are as far apart as leaves half of the order to chance."""
    return Limits(longest_run, min(USUAL_APART, (cases + 1) // 2) if apart is None else apart)


def require_rounds(cases: int, arms: int, rounds: int, limits: Limits) -> None:
    """DesignError, by counting, where rounds of Latin squares cannot keep their limits.

    Within a round an arm has at most one trial more than any other, so runs can always be parted.
    """
    require_apart(cases, rounds, limits.apart)
    require_turns(cases, arms, rounds, limits)


def in_rounds(
    cases: tuple[str, ...],
    arms: tuple[str, ...],
    slot: int,
    seed: int,
    rounds: int,
    limits: Limits,
    again: int = 0,
) -> tuple[Planned, ...]:
    """`rounds` Latin squares one after another, shifted so that no reader meets a case and an arm together twice."""
    return in_order(square_rounds(cases, arms, slot, seed, rounds), limits, derive(seed, "order", slot, again))


def square_rounds(
    cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, rounds: int
) -> list[list[Planned]]:
    """The trials of each round, in no order yet."""
    rows = shuffled(cases, seed, "cases")
    columns = shuffled(arms, seed, "arms")
    shifts = _shifts(len(rows), len(columns), rounds)
    return [
        [Planned(case, (columns[(index + slot + shifts[number]) % len(columns)],)) for index, case in enumerate(rows)]
        for number in _turned(rounds, slot)
    ]


def _turned(rounds: int, slot: int) -> list[int]:
    """The order of the rounds, turned from slot to slot, so that no arm keeps to the beginning."""
    return [(number + slot) % rounds for number in range(rounds)]


@lru_cache(maxsize=256)
def _shifts(cases: int, arms: int, rounds: int) -> tuple[int, ...]:
    """Shifts of the rounds, all different: first of all each reader gets the arms equally often; then they lie apart.

    Shifts far apart keep case by arm counts even when readers are no multiple of the arms.
    """
    candidates = [tuple(number * step % arms for number in range(rounds)) for step in range(1, arms + 1)]
    candidates.append(tuple(number * arms // rounds for number in range(rounds)))
    different = [shifts for shifts in candidates if len(set(shifts)) == rounds]
    return min(different, key=lambda shifts: (_unevenness(cases, arms, shifts), -_gap(arms, shifts)))


def _unevenness(cases: int, arms: int, shifts: tuple[int, ...]) -> int:
    """Most less fewest trials that a reader has of an arm."""
    counts = [0] * arms
    for shift in shifts:
        for index in range(cases):
            counts[(index + shift) % arms] += 1
    return max(counts) - min(counts)


def _gap(arms: int, shifts: tuple[int, ...]) -> int:
    """The least distance between two shifts, around the circle of arms."""
    around = sorted(shifts)
    return min((later - earlier) % arms or arms for earlier, later in zip(around, around[1:] + around[:1], strict=True))
