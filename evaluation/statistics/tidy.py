"""Reading columns of tidy data frames: one row an observation, checked at the border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.statistics.errors import MissingColumn, NotNumeric, WrongChoice

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


def require_columns(data: pd.DataFrame, *names: str) -> None:
    """Raise unless the frame has all these columns."""
    if not isinstance(data, pd.DataFrame):
        raise MissingColumn(f"A data frame is needed, not {type(data).__name__}.")
    missing = [name for name in names if name not in data.columns]
    if missing:
        have = ", ".join(map(str, data.columns)) or "none"
        raise MissingColumn(f"The data have no column {missing[0]!r}; they have: {have}.")


def require_choice(what: str, value: object, choices: Sequence[object]) -> None:
    """Raise unless an option is one of its choices."""
    if value not in choices:
        raise WrongChoice(f"{what} cannot be {value!r}; it is one of {', '.join(map(str, choices))}.")


def require_share(what: str, value: float) -> None:
    """Raise unless a level lies strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise WrongChoice(f"{what} must lie between 0 and 1, not {value!r}.")


def require_count(what: str, value: int) -> None:
    """Raise unless a number of replicates is a whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise WrongChoice(f"{what} must be a whole number from 0, not {value!r}.")


def numbers(data: pd.DataFrame, name: str) -> Numbers:
    """A column as float64, missing values as NaN; infinities are refused."""
    column = data[name]
    try:
        values = pd.to_numeric(column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column)
    except (ValueError, TypeError) as error:
        raise NotNumeric(f"Column {name!r} holds something that is not a number.") from error
    found = np.asarray(values.astype("float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if np.isinf(found).any():
        raise NotNumeric(f"Column {name!r} holds an infinite number.")
    return found


def sums_by(places: Codes, values: Numbers | None, size: int) -> Numbers:
    """Sums of values by place 0 .. size-1; how many there are of each when no values are given."""
    return np.asarray(np.bincount(places, weights=values, minlength=size), dtype=np.float64)


def codes(data: pd.DataFrame, name: str) -> tuple[Codes, list[Any]]:
    """A column as codes 0, 1, ... of its sorted levels; -1 where it is missing."""
    found, levels = pd.factorize(data[name], sort=True)
    return found.astype(np.intp), list(levels)
