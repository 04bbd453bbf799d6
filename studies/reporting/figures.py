"""The report's figures, drawn as SVG with text that stays text and the same bytes for the same data."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("svg")
from matplotlib import pyplot as plt  # the back-end must be chosen first
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

INK, FAINT, ACCENT, CONTROL = "#1c2429", "#8a979e", "#0b7285", "#b2560d"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "heatproof",
    "font.family": "sans-serif",
    "font.sans-serif": ["Inter", "Source Sans 3", "DejaVu Sans", "sans-serif"],
    "font.size": 10,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


@dataclass(frozen=True)
class Figure:
    """A drawing with the words that stand in for it."""

    name: str
    title: str
    caption: str
    alternative: str
    svg: str


def ratings_by_method(ratings: pd.DataFrame, means: pd.DataFrame, controls: set[str]) -> str:
    """Stacked shares of each answer by method, best mean on top, with the mean and its interval beside them.

    `ratings`: rows with `method` and `score` 1..5; `means`: index method, columns `mean low high`.
    """
    order = list(means.sort_values("mean").index)
    shares = pd.crosstab(ratings["method"], ratings["score"], normalize="index").reindex(order)
    levels = sorted(shares.columns)
    colours = plt.get_cmap("cividis")(np.linspace(0.08, 0.95, len(levels)))
    with _drawing(2, (7.2, 0.42 * len(order) + 1.2), widths=(2.2, 1)) as (drawing, axes):
        bars, points = axes
        left = np.zeros(len(order))
        for level, colour in zip(levels, colours, strict=True):
            width = shares[level].to_numpy()
            bars.barh(order, width, left=left, color=colour, height=0.72, label=f"{level:g}")
            left += width
        bars.set_xlim(0, 1)
        bars.set_xlabel("Share of ratings")
        bars.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        bars.legend(title="Rating", ncols=len(levels), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
        _points(points, means.loc[order], controls)
        points.set_yticks([])
        points.set_xlabel("Mean, 95 % interval")
        for label in bars.get_yticklabels():
            label.set_color(CONTROL if label.get_text() in controls else INK)
        return _svg(drawing)


def metric_by_method(means: dict[str, pd.DataFrame], titles: dict[str, str], controls: set[str]) -> str:
    """One small panel a metric: each method's mean with its interval, methods in one order for all panels.

    `means`: metric -> frame with index method, columns `mean low high`.
    """
    order = sorted({method for frame in means.values() for method in frame.index}, reverse=True)
    columns = min(3, len(means))
    rows = -(-len(means) // columns)
    with _drawing(columns, (7.2, rows * (0.22 * len(order) + 0.9)), rows=rows) as (drawing, axes):
        for position, (axis, (metric, frame)) in enumerate(zip(axes, means.items(), strict=False)):
            _points(axis, frame.reindex(order), controls)
            axis.set_title(textwrap.fill(titles.get(metric, metric), 27), fontsize=10, loc="left")
            axis.set_yticks(range(len(order)), order if position % columns == 0 else [])
            for label in axis.get_yticklabels():
                label.set_color(CONTROL if label.get_text() in controls else INK)
        for axis in axes[len(means) :]:
            axis.set_visible(False)
        return _svg(drawing)


def quadrant(
    points: pd.DataFrame,
    controls: set[str],
    x_title: str,
    y_title: str,
    middle: tuple[float, float],
    *,
    rightward: bool = True,
) -> str:
    """Usefulness against faithfulness, a point a method, controls as anchors.

    `points`: index method, columns `x x_low x_high y y_low y_high`; `middle`: where the quadrants meet. The better side
    is always on the right: not `rightward` turns the axis of a metric for which less is better.
    """
    with _drawing(1, (7.2, 5.4)) as (drawing, (axis,)):
        axis.axvline(middle[0], color=FAINT, linewidth=0.8, linestyle="--")
        axis.axhline(middle[1], color=FAINT, linewidth=0.8, linestyle="--")
        for method, row in points.iterrows():
            colour = CONTROL if method in controls else ACCENT
            axis.plot([row.x_low, row.x_high], [row.y, row.y], color=colour, linewidth=1, alpha=0.6)
            axis.plot([row.x, row.x], [row.y_low, row.y_high], color=colour, linewidth=1, alpha=0.6)
            axis.plot(row.x, row.y, marker="D" if method in controls else "o", color=colour, markersize=7)
            axis.annotate(str(method), (row.x, row.y), xytext=(7, 5), textcoords="offset points", fontsize=9)
        axis.set_xlabel(x_title)
        axis.set_ylabel(y_title)
        axis.margins(0.12)
        if not rightward:
            axis.invert_xaxis()
        for x, y, text, sides in (
            (0.01, 0.99, "liked, not faithful", ("left", "top")),
            (0.99, 0.99, "liked and faithful", ("right", "top")),
            (0.01, 0.01, "neither", ("left", "bottom")),
            (0.99, 0.01, "faithful, not liked", ("right", "bottom")),
        ):
            axis.text(x, y, text, transform=axis.transAxes, color=FAINT, fontsize=9, ha=sides[0], va=sides[1])
        return _svg(drawing)


def _points(axis: Axes, means: pd.DataFrame, controls: set[str]) -> None:
    for place, (method, row) in enumerate(means.iterrows()):
        colour = CONTROL if method in controls else ACCENT
        axis.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.6)
        axis.plot(row["mean"], place, marker="D" if method in controls else "o", color=colour, markersize=5)
    axis.set_ylim(-0.6, len(means) - 0.4)
    axis.grid(axis="x", color="#e3e8ea", linewidth=0.8)
    axis.set_axisbelow(True)


@contextmanager
def _drawing(
    columns: int, size: tuple[float, float], rows: int = 1, widths: tuple[float, ...] | None = None
) -> Iterator[tuple[Drawing, list[Axes]]]:
    with mpl.rc_context(STYLE):
        drawing, axes = plt.subplots(
            rows, columns, figsize=size, layout="constrained", squeeze=False, width_ratios=widths
        )
        try:
            yield drawing, list(axes.flat)
        finally:
            plt.close(drawing)


def _svg(drawing: Drawing) -> str:
    buffer = io.StringIO()
    drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
