"""What is wrong with a protocol, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """One mistake (`error`) or one thing to think about (`warning`); `line` counts from 1, None where there is none."""

    level: Literal["error", "warning"]
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class Unreadable(ValueError):
    """The protocol cannot be read; `problems` are all the mistakes found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))
