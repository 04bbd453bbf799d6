"""Crossed: every reader sees every case in every arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.rounds import in_rounds, limits_of, require_rounds


@registry.register
@dataclass(frozen=True)
class Crossed(Design):
    """As many Latin squares in a row as there are arms; for ratings only, as each case comes many times."""

    name = "crossed"
    title = "Fully crossed"
    reference = "Obuchowski 1995, Multireader receiver operating characteristic studies, Acad Radiol 2:S22"
    summary = "Every reader sees every case in every arm, each case once before any comes again."

    longest_run: int = field(default=2, metadata={"help": "At most so many trials of an arm in a row."})
    apart: int | None = field(
        default=None,
        metadata={"help": "At least so many trials until a case comes again; 8 by default, or half of the cases."},
    )

    def __post_init__(self) -> None:
        if self.longest_run < 1 or (self.apart is not None and self.apart < 1):
            raise DesignError("longest_run and apart of a crossed design are at least 1.")

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """The limits can be kept."""
        super().check(cases, arms)
        require_rounds(len(cases), len(arms), len(arms), self.limits(len(cases), len(arms)))

    def limits(self, cases: int, arms: int) -> Limits:
        """As the parameters say."""
        return limits_of(self.longest_run, self.apart, cases)

    def repeats_cases(self, arms: int) -> bool:
        """In every arm."""
        return arms > 1

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """Round by round, each a Latin square of cases and arms."""
        return in_rounds(cases, arms, slot, seed, len(arms), self.limits(len(cases), len(arms)), again)

    def period(self, arms: int) -> int:
        """As many slots as arms, although every slot is complete by itself."""
        return arms

    def length(self, cases: int, arms: int) -> int:
        """Each case in each arm."""
        return cases * arms
