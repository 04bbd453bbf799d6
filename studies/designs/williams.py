"""Williams: each arm follows each other arm equally often, so that what was seen before does not favour any."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, Planned
from studies.designs.order import shuffled


@registry.register
@dataclass(frozen=True)
class Williams(Design):
    """Cases in laps of as many as there are arms; the arms of a lap in the order of a row of Williams' square."""

    name = "williams"
    title = "Williams square"
    reference = "Williams 1949, Experimental designs balanced for residual effects, Aust J Sci Res A 2:149"
    summary = "Each reader sees each case once; within laps each arm follows each other arm equally often."

    def repeats_cases(self, arms: int) -> bool:
        """Never."""
        return False

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """Laps in a random order; within a lap the square's row says the arms' order, the Latin square the cases."""
        rows = shuffled(cases, seed, "cases")
        columns = shuffled(arms, seed, "arms")
        count = len(columns)
        square = williams_square(count)
        laps = [rows[start : start + count] for start in range(0, len(rows), count)]
        order = shuffled([f"{number:06}" for number in range(len(laps))], derive(seed, "laps", slot, again))
        trials: list[Planned] = []
        for number in map(int, order):
            case_of = {(index + slot) % count: case for index, case in enumerate(laps[number])}
            row = square[(slot + number) % len(square)]
            trials += [Planned(case_of[arm], (columns[arm],)) for arm in row if arm in case_of]
        return tuple(trials)

    def period(self, arms: int) -> int:
        """As many slots as arms, twice as many for an odd number: then carry-over is balanced too."""
        return len(williams_square(arms))

    def length(self, cases: int, arms: int) -> int:
        """Each case once."""
        return cases


def williams_square(count: int) -> list[tuple[int, ...]]:
    """Rows of arms 0 to count - 1: each arm once in each place, each ordered pair of neighbours equally often.

    `count` rows for an even number, twice as many for an odd one (each row followed by its mirror image).
    """
    first = [0]
    low, high = 1, count - 1
    while len(first) < count:
        first.append(low if len(first) % 2 else high)
        low, high = (low + 1, high) if len(first) % 2 == 0 else (low, high - 1)
    rows = [tuple((arm + shift) % count for arm in first) for shift in range(count)]
    if count % 2 and count > 1:
        rows += [tuple(reversed(row)) for row in rows]
    return rows
