"""An ordinal model's contrasts without each reader (or case) in turn, by Newton's steps instead of new fits.

The standard deviations stay those of the whole: what one reader of many does to them matters little beside what he does
to the effects. Thresholds and effects take exact Newton steps of the likelihood of the rest, whose ratings count 1 and
the others 0. Errors change as the information about thresholds and effects does.
Source: Cook & Weisberg 1982 (one-step deletion), with more than one step.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from evaluation.statistics.contrasts import pairwise_contrasts
from evaluation.statistics.cumulative_link import CumulativeLinkFit
from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.tidy import Codes, Numbers, codes

_STEPS = 4
_SMALL = 1e-3


def contrasts_without(
    fit: CumulativeLinkFit, variable: str, clusters: pd.Series[Any], *, adjust: str = "holm", simultaneous: bool = True
) -> Iterator[tuple[Any, pd.DataFrame | None]]:
    """For each cluster its name and `fit.contrasts(variable, reference_distribution="t")` of the rest.

    `clusters` names the cluster of each rating that was fitted, in order. None where the rest lacks a category or a
    level, so that its estimates are not all finite. The degrees of freedom are those of the whole.
    """
    member, names = codes(clusters.to_frame("cluster"), "cluster")
    likelihood = fit._model.likelihood
    of_row = member[likelihood.order]
    levels, rows = fit._grid(variable)
    fixed = likelihood.n_thresholds + likelihood.n_fixed
    whole = np.linalg.inv(likelihood.information(fit._optimum.parameters)[:fixed, :fixed])
    grown = np.sqrt(np.diagonal(fit._optimum.covariance)[:fixed] / np.diagonal(whole))
    for place, name in enumerate(names):
        found = _without(fit, likelihood, of_row != place)
        if found is None or not _complete(fit, member != place):
            yield name, None
            continue
        parameters, covariance = found
        effects = slice(likelihood.n_thresholds, fixed)
        scaled = (covariance * np.outer(grown, grown))[effects, effects]
        yield (
            name,
            pairwise_contrasts(
                levels,
                rows,
                parameters[effects],
                scaled,
                adjust=adjust,
                simultaneous=simultaneous,
                degrees=fit._lent_degrees,
            ),
        )


def _without(fit: CumulativeLinkFit, whole: CumulativeLaplace, kept: Any) -> tuple[Numbers, Numbers] | None:
    """Parameters and the covariance of thresholds and effects, where some rows count nothing."""
    counts = np.ones(len(kept)) if whole.ratings.count is None else whole.ratings.count
    rest = copy(whole)
    rest.ratings = replace(whole.ratings, count=counts * kept)
    fixed = whole.n_thresholds + whole.n_fixed
    point = fit._optimum.parameters.copy()
    try:
        for _ in range(_STEPS):
            slope = rest.value_and_gradient(point)[1][:fixed]
            covariance = np.linalg.inv(rest.information(point)[:fixed, :fixed])
            step = covariance @ slope
            point[:fixed] -= step
            if not np.isfinite(point).all() or np.abs(step).max() > 10.0:
                return None
            if np.abs(step).max() < _SMALL:
                break
    except (NotIdentified, np.linalg.LinAlgError):
        return None
    return point, np.asarray(covariance, dtype=np.float64)


def _complete(fit: CumulativeLinkFit, kept: Any) -> bool:
    """Whether all categories, and all levels of all factors, are still there."""
    model = fit._model
    seen: list[Codes] = [model.category, *model.levels.values()]
    return all(len(np.unique(part[kept])) == len(np.unique(part)) for part in seen)
