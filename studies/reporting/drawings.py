"""Which figures a report carries, drawn from its analyses' own tables."""

from __future__ import annotations

import pandas as pd

from evaluation.analyses.base import AnalysisContext
from evaluation.analyses.table import controls_of, ratings_of
from studies.reporting import figures
from studies.reporting.document import Examined
from studies.reporting.figures import Figure


def drawings(table: pd.DataFrame, examined: list[Examined], context: AnalysisContext) -> tuple[Figure, ...]:
    """Ratings by method, metrics by method and the quadrant, for each network whose maps were rated."""
    controls = controls_of(table)
    drawn: list[Figure] = []
    for each in examined:
        rows = table[table["network"] == each.scope]
        if each.result.name == "benchmark":
            drawn += _ratings(each, rows, controls)
            drawn += _metrics(each, controls, context)
        if each.result.name == "quadrant":
            drawn += _quadrant(each, controls, context)
    return tuple(drawn)


def _ratings(each: Examined, rows: pd.DataFrame, controls: set[str]) -> list[Figure]:
    if "ratings" not in each.result.tables:
        return []
    found = each.result.tables["ratings"]
    question = "coverage" if (found["question"] == "coverage").any() else str(found["question"].iloc[0])
    means = found[found["question"] == question].set_index("method")
    best, worst = means["mean"].idxmax(), means["mean"].idxmin()
    return [
        Figure(
            name=f"ratings-{each.scope}",
            title=f"Ratings by method, {each.scope}",
            caption=f"Answers to the question of {question}; controls are orange. Intervals resample readers and "
            "cases together.",
            alternative=f"Stacked bars of ratings for {len(means)} methods; the highest mean is that of {best} "
            f"({means['mean'].max():.2f}), the lowest that of {worst} ({means['mean'].min():.2f}).",
            svg=figures.ratings_by_method(ratings_of(rows, question), means, controls),
        )
    ]


def _metrics(each: Examined, controls: set[str], context: AnalysisContext) -> list[Figure]:
    found = each.result.tables.get("metrics")
    if found is None or found.empty:
        return []
    means = {str(name): part.set_index("method") for name, part in found.groupby("metric", sort=True)}
    titles = {name: f"{context.title(name)} {'↑' if context.directions.get(name, True) else '↓'}" for name in means}
    return [
        Figure(
            name=f"metrics-{each.scope}",
            title=f"Automatic metrics by method, {each.scope}",
            caption="Means over maps with intervals that resample cases; controls are orange. ↑: higher is better, "
            "↓: lower is better.",
            alternative=f"{len(means)} panels, one a metric: {', '.join(titles.values())}. The values are in the "
            "benchmark's tables.",
            svg=figures.metric_by_method(means, titles, controls),
        )
    ]


def _quadrant(each: Examined, controls: set[str], context: AnalysisContext) -> list[Figure]:
    found = each.result.tables.get("quadrant")
    if found is None or found.empty:
        return []
    points = found.set_index("method").rename(
        columns={
            "faithfulness": "x",
            "faithfulness_low": "x_low",
            "faithfulness_high": "x_high",
            "usefulness": "y",
            "usefulness_low": "y_low",
            "usefulness_high": "y_high",
        }
    )
    methods = points[~points["control"].astype(bool)]
    middle = (float(methods["x"].mean()), float(points["usefulness_line"].iloc[0]))
    metric = str(points["metric"].iloc[0])
    higher = context.directions.get(metric, True)
    x_title = f"{context.title(metric)} ({'higher' if higher else 'lower'} is better)"
    described = "; ".join(f"{name}: {row.quadrant}" for name, row in points.iterrows() if "quadrant" in points.columns)
    return [
        Figure(
            name=f"quadrant-{each.scope}",
            title=f"Usefulness against faithfulness, {each.scope}",
            caption="Each point is a method, diamonds are controls, lines are 95 % intervals; dashes mark the average "
            "explanation and the middle of the scale. A method in the upper left pleases without being faithful.",
            alternative=f"Mean rating against faithfulness of {len(points)} methods. {described}",
            svg=figures.quadrant(
                points, controls, x_title, "Mean rating of coverage, 1 to 5", middle, rightward=higher
            ),
        )
    ]
