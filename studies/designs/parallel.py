"""Parallel arms: each reader reads all cases in one arm, and nobody knows another."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, Planned
from studies.designs.order import shuffled


@registry.register
@dataclass(frozen=True)
class Parallel(Design):
    """Arms are given to readers in random permuted blocks, so that the next one cannot be told from those before."""

    name = "parallel"
    title = "Parallel arms"
    reference = "Friedman, Furberg & DeMets 2010, Fundamentals of clinical trials, 4th ed., ch. 6 (permuted blocks)"
    summary = "Each reader reads every case in one arm; of as many readers as arms, one is in each."
    in_laps = True

    def repeats_cases(self, arms: int) -> bool:
        """Never."""
        return False

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """All cases in random order, in the arm that the slot's block gives it."""
        arm = shuffled(arms, seed, "lap", slot // len(arms))[slot % len(arms)]
        return tuple(Planned(case, (arm,)) for case in shuffled(cases, derive(seed, "order", slot, again)))

    def period(self, arms: int) -> int:
        """As many slots as arms."""
        return arms

    def length(self, cases: int, arms: int) -> int:
        """Each case once."""
        return cases
