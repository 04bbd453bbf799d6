"""Crossed: every reader sees every case in every arm."""

from __future__ import annotations

from dataclasses import dataclass, field

from studies.designs import registry
from studies.designs.base import Design, DesignError, Planned
from studies.designs.latin_square import in_rounds
from studies.designs.order import Limits


@registry.register
@dataclass(frozen=True)
class Crossed(Design):
    """As many Latin squares in a row as there are arms; for ratings only, as each case comes many times."""

    name = "crossed"
    title = "Fully crossed"
    reference = "Obuchowski 1995, Multireader receiver operating characteristic studies, Acad Radiol 2:S22"
    summary = "Every reader sees every case in every arm, each case once before any comes again."

    longest_run: int = field(default=2, metadata={"help": "At most so many trials of an arm in a row."})
    apart: int = field(default=8, metadata={"help": "At least so many trials until a case comes again."})

    def __post_init__(self) -> None:
        if min(self.longest_run, self.apart) < 1:
            raise DesignError("longest_run and apart of a crossed design are at least 1.")

    def draw(self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int) -> tuple[Planned, ...]:
        """Round by round; over as many slots as arms each case meets each arm once in each round."""
        return in_rounds(cases, arms, slot, seed, len(arms), Limits(self.longest_run, self.apart))

    def period(self, arms: int) -> int:
        """Every slot is complete; over as many slots as arms the rounds are balanced too."""
        return arms

    def length(self, cases: int, arms: int) -> int:
        """Each case in each arm."""
        return cases * arms
