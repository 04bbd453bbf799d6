"""Split-plot: readers and cases fall into groups, and each group of readers reads its own cases in every arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.order import in_order, shuffled
from studies.designs.rounds import in_rounds, limits_of, require_rounds, square_rounds


@registry.register
@dataclass(frozen=True)
class SplitPlot(Design):
    """Slot s belongs to group s mod `groups`; within a group the design is crossed, over sessions or in one."""

    name = "split-plot"
    title = "Split-plot MRMC"
    reference = "Obuchowski 2009, Reducing the number of reader interpretations in MRMC studies, Acad Radiol 16:209"
    summary = "Groups of readers read groups of cases, each in every arm: fewer readings for nearly the same precision."

    groups: int = field(default=2, metadata={"help": "Into how many groups readers and cases fall."})
    washout: bool = field(
        default=True, metadata={"help": "Each arm of a case in a session of its own; false: all in one session."}
    )
    longest_run: int = field(default=2, metadata={"help": "At most so many trials of an arm in a row."})
    apart: int | None = field(
        default=None, metadata={"help": "In one session: at least so many trials until a case comes again."}
    )

    def __post_init__(self) -> None:
        if min(self.groups, self.longest_run) < 1 or (self.apart is not None and self.apart < 1):
            raise DesignError("groups, longest_run and apart of a split-plot are at least 1.")

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """Each group has a case, and the limits can be kept in the smallest one."""
        super().check(cases, arms)
        if self.groups > len(cases):
            raise DesignError(f"{self.groups} groups need as many cases; there are {len(cases)}.")
        if not self.washout:
            for size in {len(cases) // self.groups, -(-len(cases) // self.groups)}:
                require_rounds(size, len(arms), len(arms), self._limits(size))

    def limits(self, cases: int, arms: int) -> Limits:
        """Of the smallest group."""
        return self._limits(cases // self.groups)

    def periods(self, arms: int) -> int:
        """As many sessions as arms, or one."""
        return arms if self.washout else 1

    def repeats_cases(self, arms: int) -> bool:
        """Where all is one session."""
        return not self.washout and arms > 1

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """The group's cases, crossed with the arms."""
        own = shuffled(cases, seed, "groups")[slot % self.groups :: self.groups]
        row, stream = slot // self.groups, derive(seed, "group", slot % self.groups)
        limits = self._limits(len(own))
        if not self.washout:
            return in_rounds(own, arms, row, stream, len(arms), limits, again)
        return tuple(
            replace(trial, period=number)
            for number, trials in enumerate(square_rounds(own, arms, row, stream, len(arms)), start=1)
            for trial in in_order([trials], limits, derive(stream, "order", row, number, again))
        )

    def period(self, arms: int) -> int:
        """Each group once for each arm."""
        return self.groups * arms

    def length(self, cases: int, arms: int) -> int:
        """Each case of the group in each arm; of the largest group where they differ."""
        return -(-cases // self.groups) * arms

    def _limits(self, cases: int) -> Limits:
        return Limits(self.longest_run, 1) if self.washout else limits_of(self.longest_run, self.apart, cases)
