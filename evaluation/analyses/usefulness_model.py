"""Which explanations readers find more useful, by an ordinal mixed model of their ratings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval, oriented
from evaluation.analyses.table import controls_of, ratings_of
from evaluation.statistics import CumulativeLinkFit, clmm
from evaluation.statistics.errors import OneCategory, TooFew

_CLEAR = 3.0
TERMS = ("reader", "case", "reader:method", "case:method")


@registry.register
@dataclass(frozen=True)
class UsefulnessModel(Analysis):
    """A cumulative logit mixed model of one question's ratings by method, with all pairwise contrasts."""

    name: ClassVar[str] = "usefulness-model"
    title: ClassVar[str] = "Usefulness by method"
    question: ClassVar[str] = "Which explanations do readers find more useful?"
    assumptions: ClassVar[str] = (
        "Ratings are ordinal; a method shifts all categories alike (proportional odds); readers and cases, and their "
        "reactions to single methods, vary normally; missing ratings are missing at random given these. Adjusted "
        "bounds hold for all pairs at once (Bonferroni), p-values are Holm's. A random term whose standard deviation "
        "is 0, or that has as many groups as there are ratings, is dropped and named."
    )
    reference: ClassVar[str] = "Tutz & Hennevogl 1996; Barr et al. 2013; Liddell & Kruschke 2018"

    outcome: str = field(default="coverage", metadata={"help": "The question whose scores are modelled."})
    intercepts_only: bool = field(
        default=False,
        metadata={"help": "Leave out how readers and cases react to single methods; makes intervals too narrow."},
    )

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Fit, fall back where terms vanish, compare."""
        ratings = ratings_of(rows, self.outcome)
        _require_enough(ratings, self.outcome)
        warn_of_few(ratings, draft)
        if self.intercepts_only:
            draft.warn("Only intercepts vary in this model: its intervals are too narrow for claims about methods.")
        fit, dropped = _fit(ratings, TERMS[:2] if self.intercepts_only else TERMS)
        for reason in dropped:
            draft.warn(reason)
        if not fit.converged:
            draft.warn("The model did not converge, so nothing is claimed from it: " + " ".join(fit.messages))
        self._tabulate(fit, ratings, controls_of(rows), draft)
        contrasts = fit.contrasts("method")
        wide = fit.contrasts("method", simultaneous=True)
        contrasts["low_adjusted"], contrasts["high_adjusted"] = wide["low"], wide["high"]
        draft.add_table("contrasts", contrasts)
        if fit.converged:
            self._weigh(contrasts, draft, setting)
        self._read(fit, ratings, draft, setting)
        self._check_proportional_odds(fit, ratings, draft)

    def _tabulate(self, fit: CumulativeLinkFit, ratings: pd.DataFrame, controls: set[str], draft: Draft) -> None:
        means = fit.marginal_means("method").reset_index()
        means.insert(1, "control", means["method"].isin(controls))
        grouped = ratings.groupby("method", observed=True)["score"]
        means.insert(2, "ratings", means["method"].map(grouped.size()).astype(int))
        means.insert(3, "observed_mean", means["method"].map(grouped.mean()).astype(float))
        draft.add_table("methods", means)
        coefficients = pd.DataFrame({"estimate": fit.coefficients, "se": fit.standard_errors, "p": fit.p_values})
        draft.add_table("coefficients", coefficients.rename_axis("term"))
        thresholds = pd.DataFrame({"estimate": fit.thresholds, "se": fit.threshold_errors})
        draft.add_table("thresholds", thresholds.rename_axis("threshold"))
        draft.add_table("random", pd.DataFrame({"sd": fit.random_sd, "groups": fit.n_groups}).rename_axis("term"))
        facts = {
            "formula": fit.formula,
            "log-likelihood": fit.log_likelihood,
            "ratings": fit.n_observations,
            "converged": fit.converged,
            "largest slope left": fit.gradient,
        }
        draft.add_table("model", pd.DataFrame({"fact": list(facts), "value": list(facts.values())}))

    def _weigh(self, contrasts: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        for row in contrasts.to_dict("records"):
            first, second = setting.context.title(row["first"]), setting.context.title(row["second"])
            interval = Interval(row["estimate"], row["low_adjusted"], row["high_adjusted"])
            better, worse, gap = oriented(first, second, interval)
            draft.weigh(
                f"Readers rated {better} higher than {worse}: log odds ratio {gap}, adjusted for all pairs.",
                f"Whether readers rate {first} or {second} higher is open: log odds ratio {interval}.",
                f"log odds ratio of a higher rating, {better} against {worse}",
                gap,
                adjusted="Bonferroni over all pairs",
            )

    def _check_proportional_odds(self, fit: CumulativeLinkFit, ratings: pd.DataFrame, draft: Draft) -> None:
        """The methods' effects at each cut of the scale, which proportional odds take to be one and the same."""
        right = fit.formula.partition("~")[2]
        rows = []
        for low, threshold in zip(fit.categories[:-1], fit.thresholds.index, strict=True):
            above = ratings.assign(above=(ratings["score"] > low).astype(int))
            with draft.allow_thin(f"Proportional odds at {threshold}"):
                cut = clmm(f"above ~{right}", above)
                frame = pd.DataFrame({"estimate": cut.coefficients, "se": cut.standard_errors}).rename_axis("term")
                rows.append(frame.reset_index().assign(threshold=threshold, converged=cut.converged))
        if not rows:
            return
        table = pd.concat(rows, ignore_index=True)[["threshold", "term", "estimate", "se", "converged"]]
        draft.add_table("proportional-odds", table)
        clear = table[table["converged"] & ((table["estimate"] / table["se"]).abs() > _CLEAR)]
        signs = clear.assign(up=clear["estimate"] > 0).groupby("term")["up"].nunique()
        for term in signs[signs > 1].index:
            draft.warn(f"Proportional odds do not hold: the effect of {term} changes its sign along the scale.")

    def _read(self, fit: CumulativeLinkFit, ratings: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        readers, cases = ratings["reader"].nunique(), ratings["case"].nunique()
        draft.read(f"{len(ratings)} ratings of {readers} readers and {cases} cases; model {fit.formula}.")
        means = fit.marginal_means("method")
        top = fit.categories[-1]
        for method, row in means.sort_values("mean", ascending=False).iterrows():
            interval = Interval(float(row["mean"]), float(row["low"]), float(row["high"]))
            draft.read(
                f"{setting.context.title(method)}: a mean rating of {interval} is expected of new readers and cases; "
                f"{row[f'P({top})']:.0%} would rate {top}."
            )


def _require_enough(ratings: pd.DataFrame, outcome: str) -> None:
    if ratings.empty:
        raise TooFew(f"The question {outcome!r} has no scored answers.")
    if ratings["score"].nunique() < 2:
        raise OneCategory(f"All answers to {outcome!r} are equal.")
    if ratings["method"].nunique() < 2:
        raise TooFew("Only one method was rated, so there is nothing to compare.")


def _fit(ratings: pd.DataFrame, terms: tuple[str, ...]) -> tuple[CumulativeLinkFit, list[str]]:
    """The richest model that the data carry, and a sentence for each random term that was dropped on the way."""
    data = ratings.rename(columns={"score": "usefulness"})
    kept, reasons = [], []
    for term in terms:
        reason = _unusable(data, term)
        if reason:
            reasons.append(f"Fallback: the random term {term} is left out because {reason}.")
        else:
            kept.append(term)
    while True:
        formula = " + ".join(["usefulness ~ method", *[f"(1|{term})" for term in kept]])
        fit = clmm(formula, data)
        if not fit.singular:
            return fit, reasons
        for term in fit.singular:
            kept.remove(term)
            reasons.append(f"Fallback: the random term {term} is left out because its standard deviation is 0.")


def _unusable(data: pd.DataFrame, term: str) -> str:
    columns: list[Any] = term.split(":")
    groups = data.groupby(columns, observed=True).ngroups
    if groups < 2:
        return "it has a single group"
    return "it has as many groups as there are ratings" if groups >= len(data) else ""
