"""The balance of a schedule, counted from the trials themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from studies.designs.base import Planned
from studies.designs.order import closest_repeat, longest_run


@dataclass(frozen=True)
class Certificate:
    """What a schedule of `readers` slots holds.

    `cells`: (case, arm) to trials; `places`: (arm, third of the order from 0) to trials; `by_reader`: the least and
    most trials that a reader has of an arm; `first_side`: arm to the trials that show it first of two; `followed`:
    (arm, next arm) to how often; `longest_run` of an arm; `closest_repeat` of a case, None where none comes twice.
    """

    readers: int
    trials: int
    cells: dict[tuple[str, str], int]
    places: dict[tuple[str, int], int]
    by_reader: tuple[int, int]
    first_side: dict[str, int]
    followed: dict[tuple[str, str], int]
    longest_run: int
    closest_repeat: int | None

    @property
    def is_balanced(self) -> bool:
        """Case by arm counts differ by one at most."""
        return max(self.cells.values()) - min(self.cells.values()) <= 1


def certificate(schedule: Sequence[Sequence[Planned]], cases: Sequence[str], arms: Sequence[str]) -> Certificate:
    """Count a schedule: one sequence of trials a reader."""
    cells = Counter({(case, arm): 0 for case in cases for arm in arms})
    places = Counter({(arm, third): 0 for arm in arms for third in range(3)})
    first_side = Counter(dict.fromkeys(arms, 0))
    followed: Counter[tuple[str, str]] = Counter()
    mine: list[int] = []
    for trials in schedule:
        own = Counter(dict.fromkeys(arms, 0))
        for place, trial in enumerate(trials):
            cells.update((trial.case, arm) for arm in trial.arms)
            places.update((arm, 3 * place // len(trials)) for arm in trial.arms)
            own.update(trial.arms)
            if len(trial.arms) == 2:
                first_side[trial.arms[0]] += 1
        if all(len(trial.arms) == 1 for trial in trials):
            followed.update((one.arms[0], two.arms[0]) for one, two in pairwise(trials))
        mine += own.values()
    repeats = [distance for trials in schedule if (distance := closest_repeat(trials)) is not None]
    return Certificate(
        readers=len(schedule),
        trials=sum(map(len, schedule)),
        cells=dict(cells),
        places=dict(places),
        by_reader=(min(mine, default=0), max(mine, default=0)),
        first_side=dict(first_side),
        followed=dict(followed),
        longest_run=max((longest_run(trials) for trials in schedule), default=0),
        closest_repeat=min(repeats, default=None),
    )
