"""The sections of a report that speak of automatic metrics: tables that one can read across, from tidy ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from evaluation.analyses.result import AnalysisResult
from studies.reporting import blocks
from studies.reporting.blocks import Block, interval, number

FAMILIES = ("faithfulness", "robustness", "randomisation", "localisation", "complexity")
MOST_COLUMNS = 4
"""Columns with intervals that stand side by side on a page."""


@dataclass(frozen=True)
class MetricFacts:
    """What the report says of a metric; `co12` are the properties it speaks to."""

    title: str
    family: str = ""
    higher_is_better: bool = True
    co12: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """Its title with the better side."""
        return f"{self.title} {'↑' if self.higher_is_better else '↓'}"


@dataclass(frozen=True)
class Names:
    """How metrics and methods are called."""

    metrics: Mapping[str, MetricFacts] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)

    def metric(self, name: object) -> MetricFacts:
        """The facts of a metric; its label stands for one that is not known."""
        return self.metrics.get(str(name), MetricFacts(str(name)))

    def method(self, name: object) -> str:
        """The title of a method."""
        return self.methods.get(str(name), str(name))


def metric_blocks(result: AnalysisResult, names: Names) -> list[Block] | None:
    """The tables of an analysis of metrics, laid out; None for an analysis that is none of these."""
    layout = {
        "metric-table": _metric_table,
        "metric-agreement": _agreement,
        "display-effect": _display_effect,
    }.get(result.name)
    return layout(result.tables, names) if layout else None


def _metric_table(tables: dict[str, pd.DataFrame], names: Names) -> list[Block]:
    if "metric-table" not in tables:
        return []
    table = tables["metric-table"]
    made = [
        blocks.text(
            "Mean (95 % interval) over maps; without an interval where all maps score the same. ↑: more is better, "
            "↓: less is better. –: undefined.",
            "quiet",
        )
    ]
    for family, chosen in _by_family(table, names):
        made += _wide(table, family, chosen, names)
    if "matched-controls" in tables:
        made += _matched_controls(tables["matched-controls"], _methods(table, names), names)
    made += _plain(
        "Noise of the metrics that draw at random (Monte Carlo standard errors)",
        tables.get("monte-carlo-error"),
        names,
        {
            "median_error": "of one score, median",
            "largest_error": "of one score, largest",
            "largest_error_of_a_mean": "of a method's mean, largest",
        },
    )
    made += _plain("Undefined scores and why", _with_titles(tables.get("undefined"), names), names, {}, prose=True)
    return made


def _wide(table: pd.DataFrame, family: str, metrics: Sequence[str], names: Names) -> Iterator[Block]:
    """Methods down, at most MOST_COLUMNS metrics across; controls last."""
    for part, columns in enumerate(_chunks(metrics), start=1):
        methods = _methods(table, names)
        cells: dict[str, list[str]] = {"Method": list(methods.values())}
        for metric in columns:
            found: dict[Any, dict[Any, Any]] = table[table["metric"] == metric].set_index("method").to_dict("index")
            cells[names.metric(metric).heading] = [
                _with_undefined(found[method]) if method in found else "–" for method in methods
            ]
        several = f", part {part}" if len(metrics) > MOST_COLUMNS else ""
        yield blocks.table(
            f"{family.capitalize() or 'Other metrics'}{several}", pd.DataFrame(cells).set_index("Method")
        )


def _with_undefined(row: dict[str, Any]) -> str:
    """An interval, and on how many maps the metric was undefined."""
    words = interval(float(row["mean"]), float(row["low"]), float(row["high"]))
    lacking = int(row["undefined"])
    return f"{words}, {lacking} undefined" if lacking and int(row["maps"]) else words


def _matched_controls(table: pd.DataFrame, methods: Mapping[str, str], names: Names) -> list[Block]:
    made = [
        blocks.heading("What a smooth blob would score"),
        blocks.text(
            "Each map beside maps of the same values in other places: as smooth as the map (blur-matched), or in no "
            "order at all (random). A method whose gain over the blur-matched map is not clearly above 0 scores no "
            "better than a blob of its own smoothness would."
        ),
    ]
    for metric, found in table.groupby("metric", sort=False):
        rows = found.set_index("method").reindex([name for name in methods if name in set(found["method"])])
        rows.index = pd.Index([methods[str(name)] for name in rows.index], name="Method")
        shown = pd.DataFrame(
            {
                "maps": rows["maps"].astype(int),
                "map": rows["mean"],
                "blur-matched": rows["blur_matched"],
                "random": rows["random"],
                "gain over blur-matched": [
                    interval(*map(float, each))
                    for each in zip(rows["gain"], rows["gain_low"], rows["gain_high"], strict=True)
                ],
            }
        )
        made.append(blocks.table(names.metric(metric).heading, shown[shown["maps"] > 0]))
    return made


def _agreement(tables: dict[str, pd.DataFrame], names: Names) -> list[Block]:
    if "metric-agreement" not in tables:
        return []
    table = tables["metric-agreement"]
    metrics = list(dict.fromkeys([*table["first"], *table["second"]]))
    ordered = sorted(metrics, key=lambda name: (_place(names.metric(name).family), metrics.index(name)))
    taus = {(str(row["first"]), str(row["second"])): float(row["estimate"]) for row in table.to_dict("records")}
    rows = {
        f"{place} {names.metric(name).title}": [_tau(taus, name, other) for other in ordered]
        for place, name in enumerate(ordered, start=1)
    }
    matrix = pd.DataFrame.from_dict(rows, orient="index", columns=[str(place + 1) for place in range(len(ordered))])
    made = [blocks.table("Kendall's tau between metrics, mean over cases", matrix.rename_axis("Metric"))]
    long = table.assign(first=_titles(table["first"], names), second=_titles(table["second"], names))
    made.append(blocks.table("The same with 95 % intervals", long.set_index("first"), {"estimate": "tau"}))
    if "disputes" in tables:
        made.append(_disputes(tables["disputes"], names))
    return made


def _disputes(table: pd.DataFrame, names: Names) -> Block:
    rows = table.assign(
        first=_titles(table["first"], names),
        second=_titles(table["second"], names),
        better_by_first=[names.method(name) for name in table["better_by_first"]],
        better_by_second=[names.method(name) for name in table["better_by_second"]],
    )
    kept = rows[["first", "better_by_first", "second", "better_by_second"]]
    titles = {
        "first": "By this metric",
        "better_by_first": "this method is better",
        "second": "but by this one",
        "better_by_second": "the other",
    }
    return blocks.table("Where two metrics are sure of opposite things", kept.set_index("first"), titles, prose=True)


def _display_effect(tables: dict[str, pd.DataFrame], names: Names) -> list[Block]:
    if "display-effect" not in tables:
        return [
            blocks.text(
                "To score maps as readers see them: manage.py score with --presentations and the protocol's mode and "
                "sign, for example native-positive; then make the report again.",
                "quiet",
            )
        ]
    table = tables["display-effect"]
    shown = pd.DataFrame(
        {
            "Metric": [names.metric(name).heading for name in table["metric"]],
            "maps": table["maps"],
            "changed": table["changed"],
            "shown less raw": _intervals(table, "shift"),
            "tau raw with shown": _intervals(table, "tau"),
            "best raw": [names.method(name) for name in table["best_raw"]],
            "best as shown": [names.method(name) for name in table["best_displayed"]],
        }
    )
    return [blocks.table("Scores of raw maps and of the maps that readers saw", shown.set_index("Metric"), prose=True)]


def _plain(
    caption: str, table: pd.DataFrame | None, names: Names, titles: dict[str, str], *, prose: bool = False
) -> list[Block]:
    if table is None or table.empty:
        return []
    shown = table.assign(metric=_titles(table["metric"], names))
    return [blocks.table(caption, shown.set_index("metric"), titles, prose=prose)]


def _with_titles(table: pd.DataFrame | None, names: Names) -> pd.DataFrame | None:
    """The methods of each row by their titles."""
    if table is None:
        return None
    return table.assign(methods=[", ".join(map(names.method, each.split(", "))) for each in table["methods"]])


def _by_family(table: pd.DataFrame, names: Names) -> Iterator[tuple[str, list[str]]]:
    metrics = [str(name) for name in table["metric"].unique()]
    for family in (*FAMILIES, ""):
        chosen = [name for name in metrics if names.metric(name).family == family]
        if chosen:
            yield family, chosen


def _place(family: str) -> int:
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)


def _methods(table: pd.DataFrame, names: Names) -> dict[str, str]:
    """Methods by title, controls last and marked."""
    kinds = table.drop_duplicates("method").sort_values(["control", "method"])
    return {
        str(row.method): f"{names.method(row.method)}{' (control)' if row.control else ''}"
        for row in kinds.itertuples()
    }


def _chunks(metrics: Sequence[str]) -> Iterator[Sequence[str]]:
    """Parts of even length, none longer than MOST_COLUMNS."""
    parts = math.ceil(len(metrics) / MOST_COLUMNS)
    size = math.ceil(len(metrics) / parts)
    for start in range(0, len(metrics), size):
        yield metrics[start : start + size]


def _tau(taus: Mapping[tuple[str, str], float], first: str, second: str) -> str:
    if first == second:
        return "1"
    value = taus.get((first, second), taus.get((second, first), math.nan))
    return "–" if math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"  # no minus before a zero


def _titles(column: pd.Series[str], names: Names) -> list[str]:
    return [names.metric(name).title for name in column]


def _intervals(table: pd.DataFrame, name: str) -> list[str]:
    columns = (table[name], table[f"{name}_low"], table[f"{name}_high"])
    return [
        number(float(estimate)) if math.isnan(float(low)) else interval(float(estimate), float(low), float(high))
        for estimate, low, high in zip(*columns, strict=True)
    ]
