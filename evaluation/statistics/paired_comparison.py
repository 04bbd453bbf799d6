"""Paired comparisons: Bradley and Terry's model, with Davidson's ties and an advantage of the place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from evaluation.statistics.contrasts import pairwise_contrasts
from evaluation.statistics.errors import NotIdentified, NotNumeric, TooFew, WrongChoice
from evaluation.statistics.paired_random import fit_random
from evaluation.statistics.tidy import Codes, Numbers, codes, numbers, require_choice, require_columns
from evaluation.statistics.worths import require_finite, robust

_FAR = 15.0


@dataclass(frozen=True)
class PairedComparison:
    """Log worth of each item against the reference: P(i over j) / P(j over i) = exp(difference).

    `home` is the log advantage of being first, `tie` Davidson's nu (P(tie) = nu sqrt(P(i over j) P(j over i))); both
    NaN where the model lacks them. `reader_sd` is the standard deviation of readers' own worths around the common
    ones (log scale), NaN where it was not asked for. `log_likelihood` is that of the single comparisons, without
    binomial constants; with readers of their own it is Laplace's approximation.
    """

    coefficients: pd.Series[float]
    standard_errors: pd.Series[float]
    log_likelihood: float
    reader_sd: float
    home: float
    home_error: float
    tie: float
    tie_error: float
    reference: Any
    items: tuple[Any, ...]
    n_comparisons: float
    _worth: Numbers = field(repr=False)
    _covariance: Numbers = field(repr=False)

    def contrasts(self, adjust: str = "holm", *, level: float = 0.95, simultaneous: bool = False) -> pd.DataFrame:
        """Each pair of items once, first minus second on the log scale; columns as those of a fitted model."""
        free = len(self.items) - 1
        place = {item: index for index, item in enumerate(self.coefficients.index)}
        rows = np.array([np.eye(free)[place[item]] if item in place else np.zeros(free) for item in self.items])
        return pairwise_contrasts(
            self.items,
            rows,
            self._worth,
            self._covariance[:free, :free],
            adjust=adjust,
            level=level,
            simultaneous=simultaneous,
        )


def bradley_terry(
    data: pd.DataFrame,
    *,
    first: str,
    second: str,
    first_wins: str,
    second_wins: str,
    ties: str | None = None,
    home: bool = False,
    reader: str | None = None,
    reader_effects: Literal["robust", "random"] = "robust",
    reference: Any = None,
) -> PairedComparison:
    """Fit the worth of items from counts of wins, one row a pair (or a single comparison).

    `home` adds an advantage of being first. `reader` names a column whose levels' comparisons hang together:
    `robust` keeps the estimates and makes the errors cluster-robust (too narrow below some 20 readers); `random` gives
    each reader normal worths of their own around the common ones, by Laplace's method. Without ties in the data
    Davidson's nu is 0. An item that always wins or always loses has no finite worth. Comparisons are assumed
    independent given the items (and readers). Source: Bradley & Terry 1952; Davidson 1970; Ford 1957.
    """
    require_choice("reader_effects", reader_effects, ("robust", "random"))
    if reader_effects == "random" and reader is None:
        raise WrongChoice("Random effects of readers need the column that names the reader.")
    named = [name for name in (ties, reader) if name]
    require_columns(data, first, second, first_wins, second_wins, *named)
    kept = data.dropna(subset=[first, second, first_wins, second_wins, *named])
    wins = np.column_stack([numbers(kept, name) for name in (first_wins, second_wins, ties) if name])
    if wins.size and wins.min() < 0:
        raise NotNumeric("Wins and ties cannot be negative.")
    items = sorted(set(kept[first]) | set(kept[second]))
    if len(items) < 2:
        raise TooFew("A comparison needs two items.")
    base = items[0] if reference is None else reference
    if base not in items:
        raise WrongChoice(f"The reference {base!r} is not among the items: {', '.join(map(str, items))}.")
    if (kept[first] == kept[second]).any():
        raise WrongChoice("An item is compared with itself.")
    place = {item: index for index, item in enumerate(items)}
    left = np.array([place[item] for item in kept[first]], dtype=np.intp)
    right = np.array([place[item] for item in kept[second]], dtype=np.intp)
    otherwise = "never lost to the others, never won or never met them, so no worth is finite."
    require_finite(*_preferred(left, right, wins), items, otherwise)
    with_ties = ties is not None and bool(wins[:, -1].sum() > 0)
    if not with_ties:
        wins = wins[:, :2]
    design = _design(left, right, len(items), place[base], home, with_ties)
    point, log_likelihood, information = _maximise(design, wins)
    covariance: Numbers = np.asarray(np.linalg.inv(information), dtype=np.float64)
    spread = np.nan
    if reader is not None and reader_effects == "random":
        own = _own_worths(left, right, len(items), with_ties)
        fit = fit_random(design, own, wins, codes(kept, reader)[0], point)
        point, covariance, spread, log_likelihood = fit.point, fit.covariance, fit.reader_sd, fit.log_likelihood
    elif reader is not None:
        covariance = robust(_parts(design, wins, point)[1], covariance, codes(kept, reader)[0])
    errors = np.sqrt(np.diagonal(covariance))
    others = [item for item in items if item != base]
    n = len(others)
    tie = float(np.exp(point[-1])) if with_ties else (0.0 if ties is not None else np.nan)
    return PairedComparison(
        coefficients=pd.Series(point[:n], index=others, dtype=float),
        standard_errors=pd.Series(errors[:n], index=others, dtype=float),
        log_likelihood=log_likelihood,
        reader_sd=spread,
        home=float(point[n]) if home else np.nan,
        home_error=float(errors[n]) if home else np.nan,
        tie=tie,
        tie_error=tie * float(errors[-1]) if with_ties else np.nan,
        reference=base,
        items=tuple(items),
        n_comparisons=float(wins.sum()),
        _worth=point[:n],
        _covariance=covariance,
    )


def _preferred(left: Codes, right: Codes, wins: Numbers) -> tuple[Codes, Codes]:
    """Who was preferred to whom in at least one comparison; a tie counts for both."""
    tied = wins[:, 2] if wins.shape[1] == 3 else np.zeros(len(wins))
    forward, backward = wins[:, 0] + tied > 0, wins[:, 1] + tied > 0
    return np.concatenate([left[forward], right[backward]]), np.concatenate([right[forward], left[backward]])


def _design(left: Codes, right: Codes, n_items: int, base: int, home: bool, ties: bool) -> Numbers:
    """The linear predictors of first wins, second wins and tie: `(outcomes, rows, parameters)`."""
    worth = np.delete(np.eye(n_items), base, axis=1)
    first, second = worth[left], worth[right]
    if home:
        first = np.column_stack([first, np.ones(len(left))])
        second = np.column_stack([second, np.zeros(len(right))])
    if not ties:
        return np.stack([first, second])
    middle = (first + second) / 2.0
    padded = [np.column_stack([part, np.full(len(left), float(part is middle))]) for part in (first, second, middle)]
    return np.stack(padded)


def _own_worths(left: Codes, right: Codes, n_items: int, ties: bool) -> Numbers:
    """How a reader's own worths enter the predictors: `(outcomes, rows, items)`, the reference's included."""
    first, second = np.eye(n_items)[left], np.eye(n_items)[right]
    return np.stack([first, second, (first + second) / 2.0] if ties else [first, second])


def _parts(design: Numbers, wins: Numbers, point: Numbers) -> tuple[float, Numbers, Numbers]:
    """Log-likelihood, scores per row and information of a multinomial logit."""
    utility = design @ point
    log_share = utility - logsumexp(utility, axis=0)
    share = np.exp(log_share)
    total = wins.sum(axis=1)
    expected = np.einsum("or,orp->rp", share, design)
    scores = np.einsum("ro,orp->rp", wins, design) - total[:, None] * expected
    centred = design - expected
    information = np.einsum("or,orp,orq->pq", share * total, centred, centred)
    return float((wins.T * log_share).sum()), scores, information


def _maximise(design: Numbers, wins: Numbers) -> tuple[Numbers, float, Numbers]:
    point = np.zeros(design.shape[2])
    value, scores, information = _parts(design, wins, point)
    for _ in range(100):
        slope = scores.sum(axis=0)
        if np.linalg.cond(information) > 1e12:
            break
        step = np.linalg.solve(information, slope)
        for halving in range(40):
            trial = point + step * 0.5**halving
            trial_value, trial_scores, trial_information = _parts(design, wins, trial)
            if trial_value >= value - 1e-12 * abs(value):
                break
        point, value, scores, information = trial, trial_value, trial_scores, trial_information
        if np.abs(step).max() < 1e-10:
            return point, value, information
        if np.abs(point).max() > _FAR:
            break
    raise NotIdentified("The comparisons leave an estimate without a finite value.")
