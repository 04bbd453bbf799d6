"""A grid of readers and cases: power from the linear model on scores, the chosen point confirmed by ordinal fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evaluation.statistics.errors import TooFew, WrongChoice
from evaluation.statistics.power import Power, simulated
from evaluation.statistics.power_studies import (
    RESIDUAL,
    OrdinalStudy,
    ScoredStudy,
    formula_of,
    standard_deviations,
)
from evaluation.statistics.tidy import Numbers, require_count

Layout = Callable[[int, int], pd.DataFrame]


@dataclass(frozen=True)
class PowerGrid:
    """Power at each number of readers and cases.

    `table` has columns `readers cases ratings power low high failed`, one row a point: the bounds are those of the
    simulation (Wilson). `confirm` fits the ordinal model at one point.
    """

    table: pd.DataFrame
    effect: str
    simulations: int
    _plan: _Plan = field(repr=False)

    def confirm(self, readers: int, cases: int, *, simulations: int = 200) -> Power:
        """The power of the ordinal model at a point, from the same simulated ratings as the grid's first ones."""
        return self._plan.at(readers, cases, simulations, OrdinalStudy)


@dataclass(frozen=True)
class _Plan:
    """All of a grid but its points."""

    layout: Layout
    effects: Mapping[str, float]
    variances: Mapping[str, float]
    thresholds: Numbers | None
    seed: int
    alpha: float
    level: float

    def at(self, readers: int, cases: int, simulations: int, kind: type[OrdinalStudy]) -> Power:
        design = self.layout(readers, cases)
        named = design.assign(method=design["method"].astype(str))
        sd = standard_deviations(self.variances)
        study = kind(named, formula_of(self.variances), self.effects, sd, self.thresholds)
        return simulated(
            study,
            next(iter(self.effects)),
            simulations=simulations,
            # A point's draws are its own, whatever else is in the grid.
            seed=(self.seed, readers, cases),
            alpha=self.alpha,
            level=self.level,
        )


def power_grid(
    *,
    readers: Sequence[int],
    cases: Sequence[int],
    effects: Mapping[str, float],
    variances: Mapping[str, float],
    methods: Sequence[str] | None = None,
    layout: Layout | None = None,
    simulations: int = 1000,
    seed: int = 0,
    thresholds: Numbers | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
) -> PowerGrid:
    """The power to find an effect with each number of readers and cases.

    `effects`, `variances` and `thresholds` are those of the ordinal model, as in `power(model="clmm")`: ratings are
    drawn from it and analysed as scores by the linear mixed model with the same random terms and Satterthwaite's t,
    which is faster and close in power (`confirm` says how close). Every reader rates every case with each of
    `methods`, the first of them the reference after sorting, unless `layout(readers, cases)` gives another design with
    columns `rater case method`.
    """
    if (methods is None) == (layout is None):
        raise WrongChoice("Name either the methods, for a crossed design, or a layout.")
    if not effects:
        raise WrongChoice("effects must name at least one effect, such as 'method[ig]'.")
    if RESIDUAL in variances:
        raise WrongChoice("The ordinal model has no residual variance: that of the logistic distribution is fixed.")
    for what, counts in (("readers", readers), ("cases", cases)):
        if not counts:
            raise TooFew(f"The grid has no number of {what}.")
        for count in counts:
            require_count(what, count)

    def crossed(n_readers: int, n_cases: int) -> pd.DataFrame:
        return crossed_design(n_readers, n_cases, methods or ())

    plan = _Plan(layout or crossed, effects, variances, thresholds, seed, alpha, level)
    rows = []
    for n_readers in readers:
        for n_cases in cases:
            found = plan.at(n_readers, n_cases, simulations, ScoredStudy)
            ratings = len(plan.layout(n_readers, n_cases))
            rows.append((n_readers, n_cases, ratings, found.power, found.low, found.high, found.failed))
    names = ["readers", "cases", "ratings", "power", "low", "high", "failed"]
    return PowerGrid(pd.DataFrame(rows, columns=names), next(iter(effects)), simulations, plan)


def crossed_design(readers: int, cases: int, methods: Sequence[str]) -> pd.DataFrame:
    """Every reader, case and method once: columns `rater case method`."""
    rater, case, method = (
        part.ravel() for part in np.meshgrid(range(readers), range(cases), range(len(methods)), indexing="ij")
    )
    return pd.DataFrame({"rater": rater, "case": case, "method": np.asarray(methods, dtype=object)[method]})
