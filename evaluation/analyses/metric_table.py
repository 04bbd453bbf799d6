"""Every method by every metric: means with intervals, what is undefined and why, and what a blob would score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Setting
from evaluation.analyses.result import Draft
from evaluation.analyses.scores import (
    BLURRED,
    DISPLAYED,
    ERROR,
    RANDOM,
    UNDEFINED,
    OfMaps,
    cube,
    mean_over_cases,
    names_of,
    scored_maps,
    signs_of,
    warn_of_few_cases,
)
from evaluation.analyses.table import METRIC_PREFIX, controls_of
from evaluation.statistics.errors import TooFew


@registry.register
@dataclass(frozen=True)
class MetricTable(OfMaps):
    """Mean score of each method by each metric over the rated maps, raw and as shown, beside matched controls."""

    name: ClassVar[str] = "metric-table"
    title: ClassVar[str] = "Automatic metrics, method by method"
    question: ClassVar[str] = "What does each automatic metric say of each method, and what would a mere blob score?"
    model: ClassVar[str] = (
        "The mean of each metric by method over the maps for which it is defined, bounds by resampling cases; "
        "beside localisation and ROAD what a smooth blob would score."
    )
    fragile: ClassVar[str] = (
        "Maps for which a metric is undefined are left out, and methods may then be compared on different maps; a "
        "blob that scores as well as the method."
    )
    assumptions: ClassVar[str] = (
        "Cases are a sample of those that matter. Means are over the maps on which a metric is defined; 95 % bounds "
        "resample cases (percentile bootstrap). A control map holds the values of the map that it stands beside, laid "
        "out as smoothly (blur-matched) or without any order (random); its score is the mean of a few draws."
    )
    reference: ClassVar[str] = "Efron & Tibshirani 1993; Theiler et al. 1992; Song et al. 2023 (arXiv:2304.13836)"
    uses: ClassVar[tuple[str, ...]] = (
        "control",
        *(f"{prefix}*" for prefix in (METRIC_PREFIX, DISPLAYED, BLURRED, RANDOM, ERROR, UNDEFINED)),
    )

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """One row a metric and method; then controls, noise and reasons where there are any."""
        maps = scored_maps(rows)
        names = names_of(maps, METRIC_PREFIX)
        if not names:
            raise TooFew("The table holds no metric values.")
        warn_of_few_cases(maps, draft)
        if maps.groupby("method")["case"].agg(frozenset).nunique() > 1:
            draft.warn("Not all methods were scored on the same cases: their means are not over the same images.")
        signs = signs_of(names, draft, setting)
        table = _means(maps, names, METRIC_PREFIX, setting)
        table.insert(1, "higher_is_better", [signs[name] > 0 for name in table["metric"]])
        table.insert(3, "control", table["method"].isin(controls_of(rows)))
        shown = [name for name in names if name in names_of(maps, DISPLAYED)]
        if shown:
            seen = _means(maps, shown, DISPLAYED, setting).drop(columns=["maps", "undefined"])
            seen = seen.rename(columns={"mean": "displayed", "low": "displayed_low", "high": "displayed_high"})
            table = table.merge(seen, on=["metric", "method"], how="left")
        draft.add_table("metric-table", table)
        draft.read(
            f"{len(names)} metrics of {len(maps)} maps. Means are over the maps on which a metric is defined, in its "
            "own units: compare down a column, not across."
        )
        self._add_controls(maps, names, signs, draft, setting)
        _add_noise(maps, names, draft)
        _add_reasons(maps, names, draft, setting)

    def _add_controls(
        self, maps: pd.DataFrame, names: list[str], signs: dict[str, float], draft: Draft, setting: Setting
    ) -> None:
        beside = [name for name in names if f"{BLURRED}{name}" in maps]
        if not beside:
            return
        parts = []
        for name in beside:
            columns = [f"{prefix}{name}" for prefix in (METRIC_PREFIX, BLURRED, RANDOM)]
            values, methods = cube(maps.reindex(columns=[*maps.columns, *(set(columns) - set(maps.columns))]), columns)
            both = ~np.isnan(values[:, 0]) & ~np.isnan(values[:, 1])
            values = np.where(both[:, None], values, np.nan)
            over, low, high = mean_over_cases(signs[name] * (values[:, 0] - values[:, 1]), setting)
            means = [mean_over_cases(values[:, place], setting)[0] for place in range(3)]
            parts.append(
                pd.DataFrame(
                    {
                        "metric": name,
                        "method": methods,
                        "maps": both.sum(0),
                        "mean": means[0],
                        "blur_matched": means[1],
                        "random": means[2],
                        "gain": over,
                        "gain_low": low,
                        "gain_high": high,
                    }
                )
            )
        draft.add_table("matched-controls", pd.concat(parts, ignore_index=True))
        draft.read(
            "Beside localisation and ROAD stands what control maps would score: the same values laid out as smoothly, "
            "or at random. The gain is the map's score less that of its blur-matched control, positive is better; "
            "where its interval includes 0, the method has not been told from a smooth blob."
        )


def _means(maps: pd.DataFrame, names: list[str], prefix: str, setting: Setting) -> pd.DataFrame:
    values, methods = cube(maps, [f"{prefix}{name}" for name in names])
    there = pd.crosstab(maps["case"], maps["method"]).reindex(columns=methods).sum().to_numpy()
    parts = []
    for place, name in enumerate(names):
        mean, low, high = mean_over_cases(values[:, place], setting)
        defined = (~np.isnan(values[:, place])).sum(0)
        columns = {"maps": defined, "undefined": there - defined, "mean": mean, "low": low, "high": high}
        parts.append(pd.DataFrame({"metric": name, "method": methods, **columns}))
    return pd.concat(parts, ignore_index=True)


def _add_noise(maps: pd.DataFrame, names: list[str], draft: Draft) -> None:
    """Monte Carlo standard errors: of one score, and of a method's mean, whose maps' errors are independent."""
    rows = []
    for name in (name for name in names if name in names_of(maps, ERROR)):
        errors = maps[["method", f"{ERROR}{name}"]].dropna().astype({f"{ERROR}{name}": float})
        of_means = errors.groupby("method")[f"{ERROR}{name}"].agg(lambda each: np.sqrt((each**2).sum()) / len(each))
        single = errors[f"{ERROR}{name}"]
        rows.append(
            {
                "metric": name,
                "scores": len(single),
                "median_error": single.median(),
                "largest_error": single.max(),
                "largest_error_of_a_mean": of_means.max(),
            }
        )
    if rows:
        draft.add_table("monte-carlo-error", pd.DataFrame(rows))
        draft.read(
            "Some metrics draw at random. Their Monte Carlo standard error says how far a score would move with "
            "another seed; differences of that size mean nothing."
        )


def _add_reasons(maps: pd.DataFrame, names: list[str], draft: Draft, setting: Setting) -> None:
    known = [name for name in names if name in names_of(maps, UNDEFINED)]
    rows = [
        {"metric": name, "reason": str(reason), "maps": int(count), "methods": _methods(maps, name, reason)}
        for name in known
        for reason, count in maps[f"{UNDEFINED}{name}"].value_counts().items()
    ]
    if rows:
        draft.add_table("undefined", pd.DataFrame(rows))
    for name in names:
        lacking = int(maps[f"{METRIC_PREFIX}{name}"].isna().sum())
        if 2 * lacking > len(maps):
            draft.warn(f"{setting.context.title(name)} is undefined on {lacking} of {len(maps)} maps.")


def _methods(maps: pd.DataFrame, name: str, reason: object) -> str:
    chosen = maps.loc[maps[f"{UNDEFINED}{name}"] == reason, "method"]
    return ", ".join(sorted(map(str, chosen.unique())))
