"""The pieces that a report is made of, as plain data: text, lists, tables, figures, pictures."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from studies.reporting.figures import Figure

Block = dict[str, Any]


def text(words: str, tone: str = "") -> Block:
    """A paragraph; tone is empty, `quiet` or `warning`."""
    return {"kind": "text", "text": words, "tone": tone}


def heading(words: str) -> Block:
    """A heading within a section."""
    return {"kind": "heading", "text": words}


def listing(items: Iterable[str], tone: str = "") -> Block:
    """A list; tone is empty, `finding`, `open` or `warning`."""
    return {"kind": "list", "items": list(items), "tone": tone}


def table(caption: str, frame: pd.DataFrame, titles: dict[str, str] | None = None, *, prose: bool = False) -> Block:
    """A data frame as rows of text, its index first; `titles` gives columns better names.

    An estimate and its bounds become one column, and a second name of each row is left out. A table of `prose` has
    words in its cells, which start on the left and may go over several lines.
    """
    titles = titles or {}
    shown = _with_intervals(frame.reset_index() if _has_named_index(frame) else frame)
    shown = shown.drop(columns=[name for name in ("title",) if name in shown and shown.shape[1] > 6])
    return {
        "kind": "table",
        "caption": caption,
        "prose": prose,
        "columns": [titles.get(str(column), str(column).replace("_", " ")) for column in shown.columns],
        "rows": [[cell(value) for value in row] for row in shown.itertuples(index=False)],
    }


def figure(drawn: Figure) -> Block:
    """A drawing."""
    return {
        "kind": "figure",
        "name": drawn.name,
        "title": drawn.title,
        "caption": drawn.caption,
        "alternative": drawn.alternative,
        "svg": drawn.svg,
    }


def picture(name: str, png: bytes, caption: str, alternative: str) -> Block:
    """A raster image."""
    encoded = base64.b64encode(png).decode()
    return {"kind": "picture", "name": name, "png": encoded, "caption": caption, "alternative": alternative}


def cell(value: Any) -> str:
    """One value as a reader of the report wants it: three significant places, a dash for what is not there."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return "–"
    if isinstance(value, float):
        return number(value)
    return str(value)


def number(value: float) -> str:
    """Three significant places, never in powers of ten for what one meets here."""
    if math.isnan(value):
        return "–"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if -0.001 < value < 0:
        return ">-0.001"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return "<0.001" if 0 < value < 0.001 else f"{value:.{min(places, 3)}f}"


def interval(estimate: float, low: float, high: float) -> str:
    """An estimate with its bounds."""
    return (
        number(estimate)
        if math.isnan(low) or math.isnan(high)
        else f"{number(estimate)} ({number(low)} to {number(high)})"
    )


def _has_named_index(frame: pd.DataFrame) -> bool:
    return any(name is not None for name in frame.index.names) or not isinstance(frame.index, pd.RangeIndex)


def _with_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Estimates take their bounds into one column: `estimate low high`, or `rating rating_low rating_high`."""
    shown = frame.copy()
    for column in map(str, frame.columns):
        stem = "" if column in ("estimate", "mean", "difference", "alpha") else f"{column}_"
        low, high = f"{stem}low", f"{stem}high"
        if {low, high} <= set(frame.columns):
            bounds = zip(frame[column], frame[low], frame[high], strict=True)
            shown[column] = [interval(*map(float, each)) for each in bounds]
            shown = shown.drop(columns=[low, high], errors="ignore")
    return shown
