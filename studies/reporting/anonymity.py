"""Profiles without telling who somebody is: values that few share are left out.

k-anonymity by local suppression (Samarati & Sweeney 1998): of what is handed out, every combination of identifying
values is shared by at least k readers. Pure; a suppressed cell is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd


def without_rare_values(frame: pd.DataFrame, fields: Sequence[str], k: int) -> pd.DataFrame:
    """The frame, each value of these fields that fewer than k rows have left out."""
    shown = frame.copy()
    for name in fields:
        counts = shown[name].map(shown[name].value_counts())
        shown[name] = shown[name].astype(object).where(counts >= k, None)
    return shown


def k_anonymous(frame: pd.DataFrame, fields: Sequence[str], k: int) -> pd.DataFrame:
    """Rare values left out, then more cells, until each combination of these fields stands in at least k rows.

    Combinations are compared with their gaps: a row with a gap is like rows with the same gap alone, so that nobody
    is told apart by what is missing. Where a combination is too rare, its rows lose the field with the most values.
    """
    shown = without_rare_values(frame, fields, k)
    for name in sorted(fields, key=lambda each: shown[each].nunique(), reverse=True):
        rare = _rare(shown, fields, k)
        if not rare.any():
            break
        shown.loc[rare, name] = None
    return shown


def _rare(shown: pd.DataFrame, fields: Sequence[str], k: int) -> pd.Series[bool]:
    """Rows whose combination fewer than k share; a row that tells nothing is never one of them."""
    values = shown[list(fields)].map(lambda value: "" if value is None else str(value))
    combined = list(values.itertuples(index=False, name=None))
    sizes = Counter(combined)
    rare = [sizes[row] < k and any(row) for row in combined]
    return pd.Series(rare, index=shown.index, dtype=bool)


def marginal_counts(frame: pd.DataFrame, fields: Sequence[str], k: int) -> pd.DataFrame:
    """`field value readers`: each field's values with their counts; those of fewer than k are taken together."""
    rows: list[tuple[str, str, str]] = []
    for name in fields:
        counts = frame[name].dropna().value_counts().sort_index()
        rows += [(name, str(value), str(count)) for value, count in counts.items() if count >= k]
        rest = int(counts[counts < k].sum())
        if rest:
            rows.append((name, "any other", str(rest) if rest >= k else f"fewer than {k}"))
    return pd.DataFrame(rows, columns=["field", "value", "readers"])
