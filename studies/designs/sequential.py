"""Sequential within the trial: the reader judges the case alone, then with what the arm adds."""

from __future__ import annotations

from dataclasses import dataclass, field

from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.rounds import in_rounds


@registry.register
@dataclass(frozen=True)
class Sequential(Design):
    """Each reader sees each case once; the read without aid is the trial's own first step, and the arms rotate."""

    name = "sequential"
    title = "Sequential within the trial"
    reference = "Obuchowski et al. 2010, Multi-reader CAD studies, sequential and crossover, Acad Radiol 17:1032"
    summary = "Each case is read alone and then with an arm's aid in one trial; arms rotate from reader to reader."
    needs_steps = True

    longest_run: int = field(default=2, metadata={"help": "At most so many trials of an arm in a row."})

    def __post_init__(self) -> None:
        if self.longest_run < 1:
            raise DesignError("longest_run of a sequential design is at least 1.")

    def limits(self, cases: int, arms: int) -> Limits:
        """No case comes twice."""
        return Limits(self.longest_run, 1)

    def repeats_cases(self, arms: int) -> bool:
        """Both reads are one trial, in one arm."""
        return False

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """One round of a Latin square."""
        return in_rounds(cases, arms, slot, seed, 1, self.limits(len(cases), len(arms)), again)

    def period(self, arms: int) -> int:
        """As many slots as arms."""
        return arms

    def length(self, cases: int, arms: int) -> int:
        """Each case once."""
        return cases
