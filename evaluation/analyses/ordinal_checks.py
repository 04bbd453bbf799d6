"""The ordinal model's assumptions held against the ratings that it was fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evaluation.analyses.default_model import DefaultFit
from evaluation.analyses.result import Draft
from evaluation.statistics import CumulativeLinkFit, ProportionalOdds

#: A threshold between categories with fewer ratings than this is hardly known.
FEWEST_RATINGS = 10
#: A reader's (or case's) own level this many standard deviations out is hardly one of a normal distribution.
_FAR = 3.0


def check_fit(default: DefaultFit, draft: Draft) -> None:
    """Convergence, random terms without variance or left out, thin categories, readers and cases far out."""
    fit = default.fit
    slope = f"the largest slope left is {fit.gradient:.1e}"
    draft.check(
        "convergence", fit.converged, f"The fit {'converged' if fit.converged else 'did not converge'}: {slope}."
    )
    gone = [reason for reason in default.reasons if "random term" in reason]
    kept = ", ".join(fit.random_sd.index) or "none"
    said = f"Left out, {len(gone)} of the random terms; kept: {kept}." if gone else f"All random terms vary: {kept}."
    draft.check("random terms", not gone, said)
    _check_categories(fit, default.ratings, draft)
    _check_normal(fit, draft)


def check_proportional_odds(test: ProportionalOdds | None, draft: Draft) -> None:
    """The likelihood-ratio test where there is one."""
    if test is None:
        return
    holds = bool(test.p >= 0.05)
    said = "are not at odds with it" if holds else "speak against it: read the effects at each cut of the scale"
    draft.check("proportional odds", holds, f"The ratings {said} (chi-squared, {test.df} df: p = {test.p:.3g}).")


def check_complete(ratings: pd.DataFrame, draft: Draft) -> None:
    """How many of all pairings of reader, case and method have a rating."""
    cells = int(np.prod([ratings[name].nunique() for name in ("reader", "case", "method")]))
    share = len(ratings) / cells if cells else 0.0
    by_reader: Any = ratings.groupby("reader", observed=True).size()
    fewest, most = int(by_reader.min()), int(by_reader.max())
    even = fewest >= 0.8 * most
    draft.check(
        "ratings missing at random",
        even,
        f"{share:.0%} of all pairings of reader, case and method have a rating; single readers gave "
        + (f"{fewest} to {most}" if fewest < most else f"{most} each")
        + ("." if even else ": ask why some gave so few."),
    )


def _check_categories(fit: CumulativeLinkFit, ratings: pd.DataFrame, draft: Draft) -> None:
    counts: Any = ratings["score"].value_counts().sort_index()
    thin = counts[counts < FEWEST_RATINGS]
    named = ", ".join(f"{value:g} ({count})" for value, count in thin.items())
    said = (
        f"Chosen fewer than {FEWEST_RATINGS} times: {named}; their thresholds are hardly known."
        if named
        else (f"Each of the {len(counts)} categories was chosen at least {int(counts.min())} times.")
    )
    draft.check("categories that are used", thin.empty, said)


def _check_normal(fit: CumulativeLinkFit, draft: Draft) -> None:
    for term, what in (("reader", "reader"), ("case", "case")):
        levels = fit.random_levels(term)
        if levels is None:
            continue
        far = int((levels.abs() > _FAR).sum())
        most = float(levels.abs().max())
        said = f"{far} stand more than {_FAR:g} standard deviations out" if far else "none stands far out"
        draft.check(f"normal {what}s", not far, f"Of the {what}s {said} (the farthest {most:.1f}).")
