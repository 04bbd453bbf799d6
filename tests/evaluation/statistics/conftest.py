"""Validations: what a statistic was held against, asserted in its test and written down in docs/statistics.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pytest

from evaluation.analyses.document import END, START, validations

PAGE = Path(__file__).parents[3] / "docs" / "statistics.md"
HEAD = "| statistic | held against | values | largest difference | allowed |\n|---|---|---|---|---|\n"

# The versions stand in the golden files beside the tests (versions.txt, models_versions.txt).
R_ORDINAL = "R ordinal 2022.11.16"
R_LMER = "R lme4 1.1.31, lmerTest 3.1.3"
R_EMMEANS = "R emmeans 1.8.4.1"


class Row(NamedTuple):
    """One line of the table."""

    statistic: str
    source: str
    values: int
    difference: float
    allowed: float

    def __str__(self) -> str:
        difference = "none" if self.difference == 0 else f"{self.difference:.0e}"
        return f"| {self.statistic} | {self.source} | {self.values} | {difference} | {self.allowed:.0e} |"


class Validate(Protocol):
    """Assert that ours equals theirs within an absolute bound, and write it down."""

    def __call__(self, statistic: str, source: str, ours: Any, theirs: Any, *, within: float) -> None: ...


ROWS: dict[tuple[str, str], Row] = {}


@pytest.fixture
def validate() -> Validate:
    def check(statistic: str, source: str, ours: Any, theirs: Any, *, within: float) -> None:
        first, second = (np.atleast_1d(np.asarray(each, dtype=np.float64)).ravel() for each in (ours, theirs))
        assert first.shape == second.shape
        difference = float(np.abs(first - second).max())
        assert difference <= within, f"{statistic} differs from {source} by {difference:.2g}"
        before = ROWS.get((statistic, source), Row(statistic, source, 0, 0.0, within))
        worst, allowed = max(before.difference, difference), max(before.allowed, within)
        row = Row(statistic, source, before.values + len(first), worst, allowed)
        ROWS[statistic, source] = row
        if not os.environ.get("WRITE_VALIDATIONS"):
            assert f"| {statistic} | {source} |" in PAGE.read_text(encoding="utf-8"), (
                f"docs/statistics.md lacks {statistic} against {source}; run these tests with WRITE_VALIDATIONS=1."
            )

    return check


@pytest.fixture(scope="session", autouse=True)
def _written() -> Iterator[None]:
    yield
    if os.environ.get("WRITE_VALIDATIONS") and ROWS:
        page = PAGE.read_text(encoding="utf-8")
        table = HEAD + "".join(f"{row}\n" for _, row in sorted(ROWS.items()))
        PAGE.write_text(page.replace(f"{START}\n{validations(page)}{END}", f"{START}\n{table}{END}"), encoding="utf-8")
