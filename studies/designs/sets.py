"""Sets: three or four arms of one case at a time, for readers who put them in an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.feasible import require_apart
from studies.designs.incomplete_blocks import blocks_of
from studies.designs.order import in_order, shuffled
from studies.designs.rounds import limits_of
from studies.designs.williams import williams_square


@registry.register
@dataclass(frozen=True)
class Sets(Design):
    """Case c meets an ordered set of arms; each reader and each round moves on by one set."""

    name = "sets"
    title = "Several maps at a time"
    reference = "Louviere, Flynn & Marley 2015, Best-Worst Scaling; Yates 1936; Williams 1949"
    summary = "Each reader sees some arms of each case together; over readers each case meets each set in every order."

    size: int = field(default=3, metadata={"help": "How many arms a trial shows together, 2 to 4."})
    rounds: int = field(default=1, metadata={"help": "How often a reader sees each case, each time with another set."})
    apart: int | None = field(
        default=None,
        metadata={"help": "At least so many trials until a case comes again; 8 by default, or half of the cases."},
    )

    def __post_init__(self) -> None:
        if not 2 <= self.size <= 4:
            raise DesignError("A set holds 2 to 4 arms.")
        if self.rounds < 1 or (self.apart is not None and self.apart < 1):
            raise DesignError("rounds and apart of a design of sets are at least 1.")

    @property
    def arms_per_trial(self) -> int:
        """As many as a set holds."""
        return self.size

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """There are balanced sets, and no more rounds than sets."""
        super().check(cases, arms)
        if self.rounds > len(_sets_of(len(arms), self.size)):
            raise DesignError(f"{self.rounds} rounds need as many sets; {len(arms)} arms make fewer of {self.size}.")
        require_apart(len(cases), self.rounds, self.limits(len(cases), len(arms)).apart)

    def limits(self, cases: int, arms: int) -> Limits:
        """Every trial shows several arms, so that runs of one arm are no concern."""
        return Limits(None, limits_of(2, self.apart, cases).apart)

    def repeats_cases(self, arms: int) -> bool:
        """In more than one round."""
        return self.rounds > 1

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """Cases are spread evenly over the circle of ordered sets; a next round has the next set of arms."""
        rows, columns = shuffled(cases, seed, "cases"), shuffled(arms, seed, "arms")
        circle = ordered_sets(len(columns), self.size)
        rounds = [
            [
                Planned(case, tuple(columns[arm] for arm in circle[(place + slot + number) % len(circle)]))
                for case, place in zip(rows, _places(len(rows), len(circle)), strict=True)
            ]
            for number in range(self.rounds)
        ]
        return in_order(rounds, self.limits(len(cases), len(arms)), derive(seed, "order", slot, again))

    def period(self, arms: int) -> int:
        """As many slots as ordered sets."""
        return len(ordered_sets(arms, self.size)) if arms >= self.size else 1

    def length(self, cases: int, arms: int) -> int:
        """Each case once a round."""
        return cases * self.rounds


def ordered_sets(arms: int, size: int) -> list[tuple[int, ...]]:
    """Every set in each order of a Williams square: arms are in each place, and beside each other, equally often.

    Neighbours on the circle are different sets, where there is more than one.
    """
    return [tuple(block[place] for place in row) for row in williams_square(size) for block in _sets_of(arms, size)]


def _sets_of(arms: int, size: int) -> tuple[tuple[int, ...], ...]:
    return (tuple(range(arms)),) if arms == size else blocks_of(arms, size)


def _places(cases: int, circle: int) -> list[int]:
    """Where on the circle each case starts: evenly spread where there are fewer cases than sets, else one by one."""
    return [index * circle // cases if cases < circle else index for index in range(cases)]
