"""What an analysis hands on: tables, plain sentences, and claims that their intervals carry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evaluation.statistics import StatisticsError, ThinData


class UncarriedClaim(StatisticsError):
    """A finding was stated although its interval includes the value of no effect."""


@dataclass(frozen=True)
class Finding:
    """One claim and the interval that carries it: `low` to `high` leaves out `null`, the value of no effect."""

    statement: str
    measure: str
    estimate: float
    low: float
    high: float
    null: float = 0.0
    level: float = 0.95
    adjusted: str = ""

    def __post_init__(self) -> None:
        if not excludes(self.low, self.high, self.null):
            raise UncarriedClaim(f"The interval {self.low:.3g} to {self.high:.3g} does not carry: {self.statement}")


@dataclass(frozen=True)
class AnalysisResult:
    """The outcome of one analysis; every table is a tidy frame with plain column names and a plain index.

    `reading` says in sentences what the tables show, `warnings` what the data do not allow or what was changed,
    `findings` what the intervals carry and `open_questions` what they leave open.
    """

    name: str
    title: str
    question: str
    tables: dict[str, pd.DataFrame]
    reading: tuple[str, ...]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    open_questions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON field: tables as `{"columns": [...], "rows": [[...]]}`, missing numbers as None."""
        return {
            "name": self.name,
            "title": self.title,
            "question": self.question,
            "tables": {name: _plain_table(table) for name, table in self.tables.items()},
            "reading": list(self.reading),
            "warnings": list(self.warnings),
            "findings": [{key: _plain(value) for key, value in asdict(each).items()} for each in self.findings],
            "open_questions": list(self.open_questions),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AnalysisResult:
        """The result that `to_json` wrote; missing numbers come back as missing."""
        return cls(
            name=data["name"],
            title=data["title"],
            question=data["question"],
            tables={
                name: pd.DataFrame(table["rows"], columns=table["columns"]) for name, table in data["tables"].items()
            },
            reading=tuple(data["reading"]),
            warnings=tuple(data["warnings"]),
            findings=tuple(Finding(**each) for each in data["findings"]),
            open_questions=tuple(data["open_questions"]),
        )


@dataclass
class Draft:
    """A result in the making: an analysis adds to it, the base class freezes it; a muted one claims nothing."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    reading: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)
    muted: bool = False

    def add_table(self, name: str, table: pd.DataFrame) -> None:
        """Keep a table under its name; a named index becomes a column."""
        plain = table.reset_index() if table.index.name is not None else table.reset_index(drop=True)
        self.tables[name] = plain

    def read(self, sentence: str) -> None:
        """Add a sentence to the reading."""
        self.reading.append(sentence)

    def warn(self, sentence: str) -> None:
        """Add a warning once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def weigh(self, claim: str, otherwise: str, measure: str, interval: Interval, *, adjusted: str = "") -> None:
        """A finding if the interval leaves out the value of no effect, an open question if not."""
        low, high, null = interval.low, interval.high, interval.null
        if not self.muted and excludes(low, high, null):
            finding = Finding(claim, measure, interval.estimate, low, high, null, interval.level, adjusted)
            self.findings.append(finding)
        else:
            self.open_questions.append(otherwise)

    @contextmanager
    def allow_thin(self, part: str) -> Iterator[None]:
        """Where the data do not suffice for a part, say so in the warnings and go on with the others."""
        try:
            yield
        except ThinData as error:
            self.warn(f"{part}: {error}")


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds; `null` is the value of no effect."""

    estimate: float
    low: float
    high: float
    null: float = 0.0
    level: float = 0.95

    def turned(self) -> Interval:
        """The same difference seen from the other side."""
        return Interval(-self.estimate, -self.high, -self.low, -self.null, self.level)

    def __str__(self) -> str:
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{figure(self.estimate)} (no interval)"
        return f"{figure(self.estimate)} ({self.level * 100:.3g} % interval {figure(self.low)} to {figure(self.high)})"


def oriented(first: str, second: str, difference: Interval) -> tuple[str, str, Interval]:
    """The larger side, the smaller side and their difference, which is not negative."""
    return (first, second, difference) if difference.estimate >= 0 else (second, first, difference.turned())


def excludes(low: float, high: float, null: float) -> bool:
    """Whether an interval lies on one side of a value; one with a missing bound does not."""
    return bool(low > null or high < null) and math.isfinite(low) and math.isfinite(high)


def figure(value: float) -> str:
    """A number as a sentence shows it: two decimals, three significant digits where it is small or large."""
    if not math.isfinite(value):
        return "unknown"
    if value != 0 and (abs(value) < 0.1 or abs(value) >= 1000):
        return f"{value:.3g}"
    return f"{value:.2f}"


def _plain_table(table: pd.DataFrame) -> dict[str, Any]:
    rows = [[_plain(value) for value in row] for row in table.itertuples(index=False, name=None)]
    return {"columns": [str(name) for name in table.columns], "rows": rows}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, (bool, int, float, str)) else str(value)
