"""Latin square: each reader sees each case in one arm (or in a few), and the arms rotate from reader to reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.rounds import in_rounds, limits_of, require_rounds


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
    apart: int | None = field(
        default=None,
        metadata={"help": "At least so many trials until a case comes again; 8 by default, or half of the cases."},
    )

    def __post_init__(self) -> None:
        if min(self.rounds, self.longest_run, self.apart or 1) < 1 or self.apart == 0:
            raise DesignError("rounds, longest_run and apart of a latin-square are at least 1.")

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """There cannot be more rounds than arms, and the limits can be kept."""
        super().check(cases, arms)
        if self.rounds > len(arms):
            raise DesignError(f"{self.rounds} rounds need as many arms; there are {len(arms)}.")
        require_rounds(len(cases), len(arms), self.rounds, self.limits(len(cases), len(arms)))

    def limits(self, cases: int, arms: int) -> Limits:
        """As the parameters say."""
        return limits_of(self.longest_run, self.apart, cases)

    def repeats_cases(self, arms: int) -> bool:
        """In more than one round."""
        return self.rounds > 1

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """Round by round, each in a random order; rounds never mix, so that repeats are far apart."""
        return in_rounds(cases, arms, slot, seed, self.rounds, self.limits(len(cases), len(arms)), again)

    def period(self, arms: int) -> int:
        """As many slots as arms."""
        return arms

    def length(self, cases: int, arms: int) -> int:
        """Each case once a round."""
        return cases * self.rounds
