"""The default model of ratings by method: four random terms, and the rule by which it falls back to fewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.statistics import CumulativeLinkFit, clmm
from evaluation.statistics.errors import NotIdentified, OneCategory, TooFew

TERMS = ("reader", "case", "reader:method", "case:method")
INTERCEPTS = TERMS[:2]
_FIRST_TO_GO = ("case:method", "reader:method")

RULE = (
    "Random terms for readers, cases, and how each of them reacts to single methods. A method whose ratings are all "
    "the lowest or all the highest has no finite effect and is left out of the model. A random term with a single "
    "group, with as many groups as there are ratings, or with a standard deviation of 0 is left out; where the model "
    "does not converge, case:method is left out first, then reader:method, and intercepts never."
)


@dataclass(frozen=True)
class DefaultFit:
    """The richest model that the data carry; `reasons` is a sentence for each step of the fallback.

    The degrees of freedom of its t tests are those of the richest model tried: terms that were dropped make the claims
    no bolder.
    """

    fit: CumulativeLinkFit
    ratings: pd.DataFrame
    reasons: tuple[str, ...]


def fit_default(ratings: pd.DataFrame, terms: tuple[str, ...] = TERMS) -> DefaultFit:
    """Fit `score` by `method`, with columns `reader` and `case`, by the rule."""
    data, reasons = _with_finite_effects(ratings)
    data = data.rename(columns={"score": "usefulness"})
    kept = []
    for term in terms:
        reason = _unusable(data, term)
        if reason:
            reasons.append(_dropped(term, reason))
        else:
            kept.append(term)
    richest = None
    while True:
        fit, failure = _attempt(data, kept)
        richest = richest or fit
        if fit is not None and fit.singular:
            reasons += [_dropped(term, "its standard deviation is 0") for term in fit.singular]
            kept = [term for term in kept if term not in fit.singular]
            continue
        if fit is not None and fit.converged:
            break
        last = next((term for term in _FIRST_TO_GO if term in kept), None)
        if last is None:
            break
        reasons.append(_dropped(last, "the model with it did not converge"))
        kept.remove(last)
    if fit is None:
        raise NotIdentified(failure)
    fit = fit.lent_by(richest or fit)
    return DefaultFit(fit, data.rename(columns={"usefulness": "score"}), tuple(reasons))


def _attempt(data: pd.DataFrame, terms: list[str]) -> tuple[CumulativeLinkFit | None, str]:
    formula = " + ".join(["usefulness ~ method", *[f"(1|{term})" for term in terms]])
    try:
        return clmm(formula, data), ""
    except NotIdentified as error:
        return None, str(error)


def _with_finite_effects(ratings: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The ratings of the methods whose effect is finite."""
    data, reasons = ratings, []
    while True:
        lowest, highest = data["score"].min(), data["score"].max()
        if lowest == highest:
            raise OneCategory("All answers are equal once methods without a finite effect are left out.")
        spans = data.groupby("method", observed=True)["score"].agg(["min", "max"])
        stuck = spans[((spans["min"] == highest) | (spans["max"] == lowest))]
        if stuck.empty:
            break
        for method, row in stuck.iterrows():
            reasons.append(
                f"Fallback: the method {method} is left out of the model because all its ratings are {row['min']:g}, "
                "so that its effect has no finite estimate."
            )
        data = data[~data["method"].isin(stuck.index)]
        if data["method"].nunique() < 2:
            raise TooFew("Fewer than two methods have ratings that differ, so there is nothing to compare.")
    return data, reasons


def _dropped(term: str, reason: str) -> str:
    return f"Fallback: the random term {term} is left out because {reason}."


def _unusable(data: pd.DataFrame, term: str) -> str:
    columns: list[Any] = term.split(":")
    groups = data.groupby(columns, observed=True).ngroups
    if groups < 2:
        return "it has a single group"
    return "it has as many groups as there are ratings" if groups >= len(data) else ""
