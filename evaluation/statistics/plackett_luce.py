"""Rankings: Plackett and Luce's model of choosing the best of those left, again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import logsumexp

from evaluation.statistics.contrasts import pairwise_contrasts
from evaluation.statistics.errors import NotIdentified, TooFew, WrongChoice
from evaluation.statistics.tidy import Codes, Numbers, numbers
from evaluation.statistics.worths import require_finite, robust


@dataclass(frozen=True)
class RankedComparison:
    """Log worth of each item against the reference: the chance to be chosen from a set is exp(worth) over its sum."""

    coefficients: pd.Series[float]
    standard_errors: pd.Series[float]
    log_likelihood: float
    reference: Any
    items: tuple[Any, ...]
    n_rankings: int
    df: float
    _worth: Numbers = field(repr=False)
    _covariance: Numbers = field(repr=False)

    def contrasts(self, adjust: str = "holm", *, level: float = 0.95, simultaneous: bool = False) -> pd.DataFrame:
        """Each pair of items once, first minus second on the log scale; columns as those of a fitted model.

        Held against t with `df`, one less than the readers where errors are robust to them, else against the normal
        distribution.
        """
        return pairwise_contrasts(
            self.items,
            self._rows,
            self._worth,
            self._covariance,
            adjust=adjust,
            level=level,
            simultaneous=simultaneous,
            degrees=None if np.isinf(self.df) else lambda rows: np.full(len(rows), self.df),
        )

    def worths(self, *, level: float = 0.95) -> pd.DataFrame:
        """Each item's log worth less the mean of all: index items, columns `worth se low high`."""
        centred = self._rows - self._rows.mean(axis=0)
        worth = centred @ self._worth
        se = np.sqrt(np.einsum("ij,jk,ik->i", centred, self._covariance, centred))
        reach = stats.t.isf((1.0 - level) / 2.0, self.df) * se
        return pd.DataFrame(
            {"worth": worth, "se": se, "low": worth - reach, "high": worth + reach}, index=list(self.items)
        )

    @property
    def _rows(self) -> Numbers:
        return np.delete(np.eye(len(self.items)), self.items.index(self.reference), axis=1)


def plackett_luce(
    rankings: Iterable[Sequence[Any]] | pd.DataFrame,
    *,
    readers: Sequence[Any] | None = None,
    reference: Any = None,
) -> RankedComparison:
    """Fit the worth of items from rankings.

    `rankings` are sequences of items, best first, or a frame with a row each and the items as columns that hold ranks
    (1 is best; missing where an item was not ranked). A ranking may leave items out: it then tells of those in it
    alone. `readers` names who gave each ranking: standard errors are then robust to rankings of one reader hanging
    together. An item that is always best or always worst has no finite worth. Ties are refused.
    Source: Luce 1959; Plackett 1975; Hunter 2004 (when the estimate exists).
    """
    ordered = _from_ranks(rankings) if isinstance(rankings, pd.DataFrame) else [list(ranking) for ranking in rankings]
    if any(len(set(ranking)) < len(ranking) for ranking in ordered):
        raise WrongChoice("An item appears twice in one ranking.")
    if readers is not None and len(readers) != len(ordered):
        raise TooFew(f"There are {len(ordered)} rankings and {len(readers)} readers.")
    items = sorted({item for ranking in ordered for item in ranking})
    told = [len(ranking) > 1 for ranking in ordered]
    if len(items) < 2 or not any(told):
        raise TooFew("A ranking needs two items.")
    base = items[0] if reference is None else reference
    if base not in items:
        raise WrongChoice(f"The reference {base!r} is not among the items: {', '.join(map(str, items))}.")
    place = {item: index for index, item in enumerate(items)}
    ranked = [np.array([place[item] for item in ranking]) for ranking, says in zip(ordered, told, strict=True) if says]
    above = np.concatenate([ranking[:-1] for ranking in ranked])
    below = np.concatenate([ranking[1:] for ranking in ranked])
    require_finite(
        above, below, items, "always came before or after the others, or never met them: no worth is finite."
    )
    free = np.delete(np.eye(len(items)), place[base], axis=1)
    worth, value, information = _maximise(ranked, free)
    covariance: Numbers = np.asarray(np.linalg.inv(information), dtype=np.float64)
    df = np.inf
    if readers is not None:
        group = pd.factorize(np.asarray([name for name, says in zip(readers, told, strict=True) if says]))[0].astype(
            np.intp
        )
        covariance = robust(_parts(ranked, free, worth)[1], covariance, group)
        df = float(group.max())
    others = [item for item in items if item != base]
    return RankedComparison(
        coefficients=pd.Series(worth, index=others, dtype=float),
        standard_errors=pd.Series(np.sqrt(np.diagonal(covariance)), index=others, dtype=float),
        log_likelihood=value,
        reference=base,
        items=tuple(items),
        n_rankings=len(ranked),
        df=df,
        _worth=worth,
        _covariance=covariance,
    )


def _from_ranks(frame: pd.DataFrame) -> list[list[Any]]:
    table = np.column_stack([numbers(frame, name) for name in frame.columns]) if frame.shape[1] else np.zeros((0, 0))
    ordered = []
    for row in table:
        known = np.flatnonzero(~np.isnan(row))
        if len(np.unique(row[known])) < len(known):
            raise WrongChoice("Two items share a rank; Plackett and Luce's model has no ties.")
        ordered.append([frame.columns[index] for index in known[np.argsort(row[known])]])
    return ordered


def _parts(ranked: list[Codes], free: Numbers, worth: Numbers) -> tuple[float, Numbers, Numbers]:
    """Log-likelihood, scores per ranking and information."""
    value, scores = 0.0, np.zeros((len(ranked), len(worth)))
    information = np.zeros((len(worth), len(worth)))
    for index, ranking in enumerate(ranked):
        design = free[ranking]
        utility = design @ worth
        for stage in range(len(ranking) - 1):
            left, total = design[stage:], logsumexp(utility[stage:])
            share = np.exp(utility[stage:] - total)
            expected = share @ left
            centred = left - expected
            value += float(utility[stage] - total)
            scores[index] += left[0] - expected
            information += (centred * share[:, None]).T @ centred
    return value, scores, information


def _maximise(ranked: list[Codes], free: Numbers) -> tuple[Numbers, float, Numbers]:
    """Newton's steps, halved while they do not raise the (concave) log-likelihood."""
    worth = np.zeros(free.shape[1])
    value, scores, information = _parts(ranked, free, worth)
    for _ in range(100):
        step = np.linalg.solve(information, scores.sum(axis=0))
        for halving in range(40):
            trial = worth + step * 0.5**halving
            found = _parts(ranked, free, trial)
            if found[0] >= value - 1e-12 * abs(value):
                break
        worth, (value, scores, information) = trial, found
        if np.abs(step).max() < 1e-10:
            return worth, value, information
    raise NotIdentified("The rankings leave an estimate without a finite value.")
