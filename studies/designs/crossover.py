"""Crossover with washout: every reader sees every case in every arm, one arm of a case a session."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.order import in_order, shuffled
from studies.designs.williams import williams_square


@registry.register
@dataclass(frozen=True)
class Crossover(Design):
    """As many sessions as arms, a washout apart; in each the reader sees each case once."""

    name = "crossover"
    title = "Crossover with washout"
    reference = (
        "Jones & Kenward 2014, Design and analysis of cross-over trials, 3rd ed.; FDA 2022 on CADe reader studies"
    )
    summary = "Every case in every arm, in sessions a washout apart: arms mixed within a session, or one arm each."

    session: Literal["mixed", "one-arm"] = field(
        default="mixed",
        metadata={"help": "Whether a session mixes the arms (Latin square) or has one arm (Williams' square)."},
    )
    longest_run: int = field(default=2, metadata={"help": "At most so many trials of an arm in a row, where mixed."})

    def __post_init__(self) -> None:
        if self.longest_run < 1:
            raise DesignError("longest_run of a crossover is at least 1.")

    def limits(self, cases: int, arms: int) -> Limits:
        """Within a session; no case comes twice there."""
        return Limits(self.longest_run if self.session == "mixed" else None, 1)

    def periods(self, arms: int) -> int:
        """As many sessions as arms."""
        return arms

    def repeats_cases(self, arms: int) -> bool:
        """Never within a session."""
        return False

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """Session by session."""
        rounds = _sessions(cases, arms, slot, seed, self.session == "mixed")
        limits = self.limits(len(cases), len(arms))
        return tuple(
            replace(trial, period=number)
            for number, trials in enumerate(rounds, start=1)
            for trial in in_order([trials], limits, derive(seed, "order", slot, number, again))
        )

    def period(self, arms: int) -> int:
        """As many slots as Williams' square has rows: each arm then follows each other one equally often, too."""
        return len(williams_square(arms))

    def length(self, cases: int, arms: int) -> int:
        """Each case in each arm."""
        return cases * arms


def _sessions(cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, mixed: bool) -> list[list[Planned]]:
    """The trials of each session: a row of Williams' square says the arm of the session, or of its first case."""
    rows, columns = shuffled(cases, seed, "cases"), shuffled(arms, seed, "arms")
    square = williams_square(len(columns))
    return [
        [Planned(case, (columns[(arm + index * mixed) % len(columns)],)) for index, case in enumerate(rows)]
        for arm in square[slot % len(square)]
    ]
