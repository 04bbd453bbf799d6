"""Latin square: each reader sees each case in one arm (or in a few), and the arms rotate from reader to reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, DesignError, Planned
from studies.designs.order import Limits, ordered, shuffled


@registry.register
@dataclass(frozen=True)
class LatinSquare(Design):
    """Case c (in an order drawn once) meets arm c + slot in the first round, another one in each further round."""

    name = "latin-square"
    title = "Latin square"
    reference = "Fisher 1935, The design of experiments, ch. 5; Cochran & Cox 1957, ch. 4"
    summary = "Each reader sees each case once a round; over as many readers as arms each case meets each arm."

    rounds: int = field(default=1, metadata={"help": "How often a reader sees each case, each time in another arm."})
    longest_run: int = field(default=2, metadata={"help": "At most so many trials of an arm in a row."})
    apart: int = field(default=8, metadata={"help": "At least so many trials until a case comes again."})

    def __post_init__(self) -> None:
        if min(self.rounds, self.longest_run, self.apart) < 1:
            raise DesignError("rounds, longest_run and apart of a latin-square are at least 1.")

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """There cannot be more rounds than arms."""
        super().check(cases, arms)
        if self.rounds > len(arms):
            raise DesignError(f"{self.rounds} rounds need as many arms; there are {len(arms)}.")

    def repeats_cases(self, arms: int) -> bool:
        """In more than one round."""
        return self.rounds > 1

    def draw(self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int) -> tuple[Planned, ...]:
        """Round by round, each in a random order; rounds never mix, so that repeats are far apart."""
        return in_rounds(cases, arms, slot, seed, self.rounds, Limits(self.longest_run, self.apart))

    def period(self, arms: int) -> int:
        """As many slots as arms."""
        return arms

    def length(self, cases: int, arms: int) -> int:
        """Each case once a round."""
        return cases * self.rounds


def in_rounds(
    cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, rounds: int, limits: Limits
) -> tuple[Planned, ...]:
    """`rounds` Latin squares one after another, shifted so that no reader meets a case and an arm together twice."""
    rows = shuffled(cases, seed, "cases")
    columns = shuffled(arms, seed, "arms")
    shifts = _shifts(len(rows), len(columns), rounds)
    limits = replace(limits, apart=min(limits.apart, (len(rows) + 1) // 2))  # more could not be kept
    trials: tuple[Planned, ...] = ()
    for number in _turned(rounds, slot):
        part = [
            Planned(case, (columns[(index + slot + shifts[number]) % len(columns)],)) for index, case in enumerate(rows)
        ]
        trials += ordered(part, limits, derive(seed, "order", slot, number), before=trials)
    return trials


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
