"""Paired: two arms of one case at a time, balanced over pairs and over sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.feasible import require_apart
from studies.designs.order import in_order, shuffled
from studies.designs.rounds import limits_of

Pair = tuple[str, str]


@registry.register
@dataclass(frozen=True)
class Paired(Design):
    """Case c meets an ordered pair of arms; each reader and each round moves on by one pair, then sides turn."""

    name = "paired"
    title = "Paired comparison"
    reference = "David 1988, The method of paired comparisons, 2nd ed.; Davidson & Beaver 1977 on order effects"
    summary = "Each reader compares two arms of each case; over readers each case meets each pair, both ways round."
    pairs = True

    rounds: int = field(default=1, metadata={"help": "How often a reader sees each case, each time with another pair."})
    apart: int | None = field(
        default=None,
        metadata={"help": "At least so many trials until a case comes again; 8 by default, or half of the cases."},
    )

    def __post_init__(self) -> None:
        if self.rounds < 1 or (self.apart is not None and self.apart < 1):
            raise DesignError("rounds and apart of a paired design are at least 1.")

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """There cannot be more rounds than pairs."""
        super().check(cases, arms)
        if self.rounds > len(arms) * (len(arms) - 1) // 2:
            raise DesignError(f"{self.rounds} rounds need as many pairs; {len(arms)} arms make fewer.")
        require_apart(len(cases), self.rounds, self.limits(len(cases), len(arms)).apart)

    def limits(self, cases: int, arms: int) -> Limits:
        """The same pair twice in a row at most, where there are several."""
        return limits_of(2, self.apart, cases)

    def repeats_cases(self, arms: int) -> bool:
        """In more than one round."""
        return self.rounds > 1

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """Cases are spread evenly over the circle of ordered pairs, so that a reader sees either side alike."""
        rows = shuffled(cases, seed, "cases")
        circle = ordered_pairs(shuffled(arms, seed, "arms"))
        rounds = [
            [
                Planned(case, circle[(_place(index, len(rows), len(circle)) + slot + number) % len(circle)])
                for index, case in enumerate(rows)
            ]
            for number in range(self.rounds)
        ]
        return in_order(rounds, self.limits(len(cases), len(arms)), derive(seed, "order", slot, again))

    def period(self, arms: int) -> int:
        """As many slots as ordered pairs."""
        return arms * (arms - 1)

    def length(self, cases: int, arms: int) -> int:
        """Each case once a round."""
        return cases * self.rounds


def ordered_pairs(arms: Sequence[str]) -> list[Pair]:
    """Every pair once, then every pair again the other way round; in the first half sides are balanced by arm."""
    count = len(arms)
    half = [
        (arms[first], arms[second]) if (first + second) % 2 else (arms[second], arms[first])
        for gap in range(1, count)
        for first in range(count - gap)
        for second in [first + gap]
    ]
    return half + [(second, first) for first, second in half]


def _place(index: int, cases: int, circle: int) -> int:
    """Where on the circle a case starts: evenly spread where there are fewer cases than pairs, else one by one."""
    return index * circle // cases if cases < circle else index
