"""What every rule looks at, what it gives back, and how it becomes one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from studies.protocol.cases import Cases, Chosen
from studies.protocol.problems import Problem
from studies.protocol.schema import Block, Protocol
from studies.protocol.source import Lines, Path
from studies.protocol.world import World

Stage = Literal["draft", "lock"]
NAMED = 8
"""So many cases are named in a message; the rest are counted."""


@dataclass(frozen=True)
class Inquiry:
    """What the rules look at."""

    protocol: Protocol
    world: World
    lines: Lines
    stage: Stage
    cases: Cases
    drawn: dict[str, Chosen]

    def error(self, path: Path, message: str) -> Problem:
        """A mistake."""
        return Problem("error", self.lines.of(*path), message)

    def warning(self, path: Path, message: str) -> Problem:
        """Something to think about."""
        return Problem("warning", self.lines.of(*path), message)

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """Block name to the cases of its own trials."""
        return {name: chosen.own for name, chosen in self.drawn.items()}

    def network_key(self, path: Path) -> str:
        """Which of its two names a block gives its networks under."""
        return "networks" if (*path, "networks") in self.lines.at else "network"

    def blocks(self) -> Iterator[tuple[Path, Block]]:
        """Each block with its path."""
        for place, block in enumerate(self.protocol.blocks):
            yield ("blocks", place), block


Rule = Callable[[Inquiry], Iterator[Problem]]
RULES: list[Rule] = []
"""Every rule of the modules beside this one; `rule` adds to it."""


def rule(function: Rule) -> Rule:
    """Make a function a rule that every protocol is checked by; it needs to stand in a module of this package."""
    RULES.append(function)
    return function


def second(values: Sequence[str]) -> list[int]:
    """Places of values that came before."""
    seen: Counter[str] = Counter()
    places = []
    for place, value in enumerate(values):
        if seen[value]:
            places.append(place)
        seen[value] += 1
    return places


def listed(slugs: Sequence[str]) -> str:
    """How many cases, and the first of them by name."""
    rest = len(slugs) - NAMED
    named = ", ".join(slugs[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return f"{len(slugs)} case{'s' if len(slugs) > 1 else ''} ({named})"
