"""The long table of a study, one row a rating, and the parts of it that analyses ask for."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evaluation.statistics.tidy import require_columns

METRIC_PREFIX = "metric."
_DEFAULTS: dict[str, Any] = {"excluded_by": "", "control": False, "occurrence": 1}


def completed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns that may be left out: no exclusions, no controls, no repeats."""
    filled = table.copy()
    for name, value in _DEFAULTS.items():
        if name not in filled:
            filled[name] = value
    filled["control"] = filled["control"].map(_truthy).astype(bool)
    filled["excluded_by"] = filled["excluded_by"].map(_text)
    filled["occurrence"] = pd.to_numeric(filled["occurrence"], errors="coerce").fillna(1).astype(int)
    return filled


def of_task(table: pd.DataFrame, task: str) -> pd.DataFrame:
    """The rows of a task; a table without a task column holds that task alone."""
    return table[table["task"] == task] if "task" in table else table


def ratings_of(table: pd.DataFrame, question: str, *, task: str = "usefulness") -> pd.DataFrame:
    """First answers with a score to one question, a rater's later repeats of the same map left out.

    The column `map` names the rated map: the case, with its network where the study has several, and the method.
    """
    require_columns(table, "reader", "case", "method", "question", "score")
    rows = of_task(table, task)
    rows = rows[(rows["question"] == question) & rows["score"].notna() & rows["method"].notna()]
    rows = with_cases(rows).sort_values("occurrence", kind="stable")
    return rows.drop_duplicates(["reader", "case", "method"])


def repeats_of(table: pd.DataFrame, question: str, *, task: str = "usefulness") -> pd.DataFrame:
    """The first and the second answer of a reader to the same map, side by side: `first` and `second`."""
    rows = of_task(table, task)
    rows = rows[(rows["question"] == question) & rows["score"].notna() & rows["method"].notna()]
    rows = with_cases(rows).sort_values("occurrence", kind="stable")
    rows = rows.drop_duplicates(["reader", "case", "method", "occurrence"])
    rows = rows.assign(turn=rows.groupby(["reader", "case", "method"], observed=True).cumcount())
    wide = rows[rows["turn"] < 2].pivot(index=["reader", "case", "method"], columns="turn", values="score")
    wide = wide.reindex(columns=[0, 1]).dropna()
    return wide.set_axis(["first", "second"], axis=1).reset_index()


def with_cases(rows: pd.DataFrame) -> pd.DataFrame:
    """Cases told apart by dataset and network where those vary: the same image explained twice makes two cases."""
    rows = rows.copy()
    for column in ("dataset", "network"):
        if column in rows and rows[column].nunique() > 1:
            rows["case"] = rows["case"].astype(str) + " | " + rows[column].astype(str)
    return rows


def metric_columns(table: pd.DataFrame) -> list[str]:
    """The metric columns that hold any value, in the table's order."""
    return [name for name in table.columns if str(name).startswith(METRIC_PREFIX) and table[name].notna().any()]


def maps_of(table: pd.DataFrame) -> pd.DataFrame:
    """One row a rated map: case, method, control, its metrics and its computing time."""
    rows = with_cases(table[table["method"].notna() & (table["method"].astype(str) != "")])
    columns = [*metric_columns(rows), *[name for name in ("seconds_to_explain",) if name in rows]]
    kept = rows[["case", "method", "control", *columns]]
    return kept.groupby(["case", "method"], as_index=False, observed=True).first()


def controls_of(table: pd.DataFrame) -> set[str]:
    """The methods that are controls."""
    return set(table.loc[table["control"], "method"].dropna())


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value).strip()


def _truthy(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes")
    return bool(value) and value == value  # NaN is not equal to itself
