"""What an analysis hands on: tables, plain sentences, and claims that their intervals carry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

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
class Tested:
    """One comparison that an analysis made, claimed or left open.

    `p` is the test's own, or recovered from the interval by the normal approximation; not adjusted for the others.
    """

    measure: str
    estimate: float
    low: float
    high: float
    null: float
    level: float
    p: float


@dataclass(frozen=True)
class Check:
    """One assumption, whether these data bear it out, and the sentence that says so with its numbers."""

    assumption: str
    holds: bool
    statement: str

    def __str__(self) -> str:
        return self.statement if self.holds else f"Not borne out ({self.assumption}): {self.statement}"


@dataclass(frozen=True)
class AnalysisResult:
    """The outcome of one analysis; every table is a tidy frame with plain column names and a plain index.

    `reading` says in sentences what the tables show, `warnings` what the data do not allow or what was changed,
    `findings` what the intervals carry and `open_questions` what they leave open; `tests` are all the comparisons made.
    `checks` are assumptions held against the data, `changes` sentences on what would change the conclusion, computed
    from them.
    """

    name: str
    title: str
    question: str
    tables: dict[str, pd.DataFrame]
    reading: tuple[str, ...]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    open_questions: tuple[str, ...]
    tests: tuple[Tested, ...] = ()
    checks: tuple[Check, ...] = ()
    changes: tuple[str, ...] = ()

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
            "tests": [{key: _plain(value) for key, value in asdict(each).items()} for each in self.tests],
            "checks": [asdict(each) for each in self.checks],
            "changes": list(self.changes),
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
            tests=tuple(
                Tested(**{key: _known(value) for key, value in each.items()}) for each in data.get("tests", ())
            ),
            checks=tuple(Check(**each) for each in data.get("checks", ())),
            changes=tuple(data.get("changes", ())),
        )


@dataclass
class Draft:
    """A result in the making: an analysis adds to it, the base class freezes it; a muted one claims nothing."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    reading: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)
    tests: list[Tested] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    compared: dict[str, Interval] = field(default_factory=dict)
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

    def check(self, assumption: str, holds: bool, statement: str) -> None:
        """Add an assumption held against the data."""
        self.checks.append(Check(assumption, bool(holds), statement))

    def compare(self, what: str, interval: Interval) -> None:
        """Enter a comparison, always in the same direction, whose conclusion is tried for what would change it."""
        self.compared[what] = interval

    def weigh(
        self,
        claim: str,
        otherwise: str,
        measure: str,
        interval: Interval,
        *,
        adjusted: str = "",
        p: float | None = None,
    ) -> None:
        """A finding if the interval leaves out the value of no effect, an open question if not."""
        low, high, null = interval.low, interval.high, interval.null
        self._enter(measure, interval, p)
        if not self.muted and excludes(low, high, null):
            finding = Finding(claim, measure, interval.estimate, low, high, null, interval.level, adjusted)
            self.findings.append(finding)
        else:
            self.open_questions.append(otherwise)

    def leave(self, question: str, measure: str, interval: Interval, *, p: float | None = None) -> None:
        """An open question, whatever its interval: a procedure without intervals of its own did not carry the claim."""
        self._enter(measure, interval, p)
        self.open_questions.append(question)

    def _enter(self, measure: str, interval: Interval, p: float | None) -> None:
        low, high, null = interval.low, interval.high, interval.null
        known = interval.p if p is None else p
        self.tests.append(Tested(measure, interval.estimate, low, high, null, interval.level, known))

    @contextmanager
    def allow_thin(self, part: str) -> Iterator[None]:
        """Where the data do not suffice for a part, say so in the warnings and go on with the others."""
        try:
            yield
        except ThinData as error:
            self.warn(f"{part}: {error}")


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds; `null` is the value of no effect.

    Bounds that hold for several comparisons at once (Bonferroni) say for how many.
    """

    estimate: float
    low: float
    high: float
    null: float = 0.0
    level: float = 0.95
    comparisons: int = 1

    @property
    def p(self) -> float:
        """The two-sided p-value of this comparison alone that the bounds imply, normally; NaN without bounds."""
        width = self.high - self.low
        if not math.isfinite(width):
            return math.nan
        if width <= 0:
            return 1.0 if self.estimate == self.null else 0.0
        se = width / (2.0 * float(stats.norm.isf((1.0 - self.level) / (2.0 * self.comparisons))))
        return float(2.0 * stats.norm.sf(abs(self.estimate - self.null) / se))

    def turned(self) -> Interval:
        """The same difference seen from the other side."""
        return replace(self, estimate=-self.estimate, low=-self.high, high=-self.low, null=-self.null)

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


def _known(value: Any) -> Any:
    """A missing number as NaN again."""
    return math.nan if value is None else value


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, (bool, int, float, str)) else str(value)
