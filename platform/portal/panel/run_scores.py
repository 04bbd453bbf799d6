"""A run's scores as one page shows them: each metric by each method, with intervals, controls and what is undefined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.statistics import group_means
from portal.explanations.models import Presentation, Run
from portal.explanations.selectors import run_scores
from portal.parts.models import Part
from portal.parts.selectors import METHODS, METRICS, parts

REPLICATES = 1000


@dataclass(frozen=True)
class Cell:
    """One metric of one method: the mean over cases with its bounds, None where no case has a value."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None
    undefined: int = 0
    blur_matched: float | None = None
    random: float | None = None


@dataclass(frozen=True)
class Line:
    """One metric over all methods."""

    title: str
    better: str
    error: float | None
    cells: list[Cell]


@dataclass(frozen=True)
class ScoreTable:
    """All metrics of one presentation of the maps."""

    presentation: str
    title: str
    methods: list[str]
    lines: list[Line]
    reasons: list[tuple[str, str, int]]


def score_tables(run: Run) -> list[ScoreTable]:
    """The tables of a run, raw maps first; only of what is stored."""
    found = _frame(run)
    titles = {part.name: part for part in parts(METRICS)}
    named = {part.name: part.title for part in parts(METHODS)}
    methods = {
        entry["label"]: _title(entry["label"], entry["method"], named.get(entry["method"])) for entry in run.methods
    }
    order = [Presentation.RAW.value, *run.displayed]
    tables = []
    for presentation in order:
        rows = found[found["presentation"] == presentation]
        if len(rows):
            lines = [
                _line(entry, rows, list(methods), titles)
                for entry in run.metrics
                if entry["label"] in set(rows["label"])
            ]
            title = Presentation(presentation).label
            tables.append(ScoreTable(presentation, title, list(methods.values()), lines, _reasons(rows, titles)))
    return tables


def _frame(run: Run) -> pd.DataFrame:
    columns = {
        "presentation": "presentation",
        "label": "label",
        "metric": "metric",
        "value": "value",
        "reason": "reason",
        "standard_error": "standard_error",
        "controls": "controls",
        "explanation__label": "method",
        "explanation__image": "case",
    }
    frame = pd.DataFrame.from_records(list(run_scores(run).values_list(*columns)), columns=list(columns.values()))
    return frame.assign(value=pd.to_numeric(frame["value"]), standard_error=pd.to_numeric(frame["standard_error"]))


def _line(entry: dict[str, Any], rows: pd.DataFrame, methods: list[str], titles: dict[str, Part]) -> Line:
    label, part = entry["label"], titles.get(entry["metric"])
    mine = rows[rows["label"] == label]
    means = pd.DataFrame()
    if mine["value"].notna().any():
        means = group_means(mine, group="method", value="value", clusters=("case",), bootstrap=REPLICATES)
    bounds: dict[Any, dict[Any, Any]] = means.to_dict("index")
    cells = [_cell(mine[mine["method"] == method], bounds.get(method)) for method in methods]
    higher = part.facts.get("higher_is_better") if part else None
    better = "" if higher is None else f"{'higher' if higher else 'lower'} is better"
    error = mine["standard_error"].median()
    return Line(_title(label, entry["metric"], part.title if part else None), better, _or_none(error), cells)


def _cell(rows: pd.DataFrame, mean: dict[str, Any] | None) -> Cell:
    undefined = int(rows["value"].isna().sum())
    if mean is None:
        return Cell(undefined=undefined)
    controls = {kind: _mean_control(rows, kind) for kind in ("blur-matched", "random")}
    return Cell(
        mean=float(mean["mean"]),
        low=_or_none(mean["low"]),
        high=_or_none(mean["high"]),
        undefined=undefined,
        blur_matched=controls["blur-matched"],
        random=controls["random"],
    )


def _mean_control(rows: pd.DataFrame, kind: str) -> float | None:
    values = [controls[kind]["value"] for controls in rows["controls"] if kind in controls]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _reasons(rows: pd.DataFrame, titles: dict[str, Part]) -> list[tuple[str, str, int]]:
    """Metric, reason and number of maps, the most frequent first."""
    lacking = rows[rows["value"].isna()]
    counted = lacking.groupby(["label", "metric", "reason"], as_index=False).size()
    return [
        (
            _title(row["label"], row["metric"], titles[row["metric"]].title if row["metric"] in titles else None),
            row["reason"],
            int(row["size"]),
        )
        for row in counted.sort_values("size", ascending=False).to_dict("records")
    ]


def _title(label: str, name: str, title: str | None) -> str:
    return label if title is None else title if label == name else f"{title} ({label})"


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
