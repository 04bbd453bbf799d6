"""Which explanations readers find more useful, by an ordinal mixed model of their ratings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd
from scipy import stats

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.changes import conclusion
from evaluation.analyses.default_model import INTERCEPTS, RULE, TERMS, DefaultFit, fit_default
from evaluation.analyses.ordinal_checks import check_complete, check_fit, check_proportional_odds
from evaluation.analyses.result import Draft, Interval, oriented
from evaluation.analyses.table import controls_of, ratings_of
from evaluation.statistics import CumulativeLinkFit, ProportionalOdds, clmm, lmm
from evaluation.statistics.errors import OneCategory, ThinData, TooFew
from evaluation.statistics.left_out import contrasts_without

_CLEAR = 3.0


@registry.register
@dataclass(frozen=True)
class UsefulnessModel(Analysis):
    """A cumulative logit mixed model of one question's ratings by method, with all pairwise contrasts."""

    name: ClassVar[str] = "usefulness-model"
    title: ClassVar[str] = "Usefulness by method"
    question: ClassVar[str] = "Which explanations do readers find more useful?"
    model: ClassVar[str] = (
        "A cumulative logit with crossed random terms of readers and cases and their interactions with methods "
        "(Laplace); terms are left out by a stated rule where they cannot be estimated. Comparisons are held against "
        "t with Satterthwaite's degrees of freedom of the linear model of the same ratings, since the normal "
        "distribution claims too often with few readers or cases."
    )
    fragile: ClassVar[str] = (
        "A single reader or case (each is left out in turn, by Newton's steps at the whole's standard deviations); "
        "rows that were excluded; random terms that were left out, which narrows the intervals; odds that are not "
        "proportional over the scale; ratings that readers use as a number rather than an order (see the linear model)."
    )
    assumptions: ClassVar[str] = (
        "Ratings are ordinal; a method shifts all categories alike (proportional odds); readers and cases, and their "
        "reactions to single methods, vary normally; missing ratings are missing at random given these. Adjusted "
        "bounds hold for all pairs at once (Bonferroni), p-values are Holm's. " + RULE
    )
    reference: ClassVar[str] = "Tutz & Hennevogl 1996; Satterthwaite 1946; Barr et al. 2013; Liddell & Kruschke 2018"

    outcome: str = field(default="coverage", metadata={"help": "The question whose scores are modelled."})
    intercepts_only: bool = field(
        default=False,
        metadata={"help": "Leave out how readers and cases react to single methods; makes intervals too narrow."},
    )

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Fit, fall back where terms vanish, compare."""
        ratings = ratings_of(rows, self.outcome, task=self.task)
        _require_enough(ratings, self.outcome)
        warn_of_few(ratings, draft)
        if self.intercepts_only:
            draft.warn(
                "Only intercepts vary in this model, which is anti-conservative: its intervals are too narrow for "
                "claims about methods."
            )
        default = self._default(ratings)
        fit, ratings = default.fit, default.ratings
        for reason in default.reasons:
            draft.warn(reason)
        if not fit.converged:
            draft.warn("The model did not converge, so nothing is claimed from it: " + " ".join(fit.messages))
        self._tabulate(fit, ratings, controls_of(rows), draft)
        contrasts = fit.contrasts("method", reference_distribution="t")
        wide = fit.contrasts("method", reference_distribution="t", simultaneous=True)
        contrasts["low_adjusted"], contrasts["high_adjusted"] = wide["low"], wide["high"]
        scores = fit.contrasts("method", scale="score", reference_distribution="t")
        contrasts["score_difference"], contrasts["score_se"] = scores["estimate"], scores["se"]
        draft.add_table("contrasts", contrasts)
        if fit.converged:
            self._weigh(contrasts, draft, setting)
        self._read(fit, ratings, draft, setting)
        check_fit(default, draft)
        check_complete(ratings, draft)
        check_proportional_odds(self._test_proportional_odds(fit, draft), draft)
        self._check_proportional_odds(fit, ratings, draft)
        self._compare_with_scores(fit, ratings, draft, setting)

    def compared(self, rows: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
        """Of the contrasts alone, without the tables beside them."""
        ratings = ratings_of(rows, self.outcome)
        try:
            _require_enough(ratings, self.outcome)
            fit = self._default(ratings).fit
        except ThinData:
            return {}
        wide = fit.contrasts("method", reference_distribution="t", simultaneous=True)
        return _intervals(wide, setting) if fit.converged else {}

    def compared_without(
        self, rows: pd.DataFrame, column: str, setting: Setting
    ) -> Iterator[tuple[str, dict[str, Interval]]]:
        """By Newton's steps from the whole fit, at its standard deviations (`contrasts_without`)."""
        default = self._default(ratings_of(rows, self.outcome))
        for level, wide in contrasts_without(default.fit, "method", default.ratings[column]):
            yield str(level), {} if wide is None else _intervals(wide, setting)

    def _default(self, ratings: pd.DataFrame) -> DefaultFit:
        return fit_default(ratings, INTERCEPTS if self.intercepts_only else TERMS)

    def _tabulate(self, fit: CumulativeLinkFit, ratings: pd.DataFrame, controls: set[str], draft: Draft) -> None:
        means = fit.marginal_means("method").reset_index()
        means.insert(1, "control", means["method"].isin(controls))
        grouped = ratings.groupby("method", observed=True)["score"]
        means.insert(2, "ratings", means["method"].map(grouped.size()).astype(int))
        means.insert(3, "observed_mean", means["method"].map(grouped.mean()).astype(float))
        draft.add_table("methods", means)
        draft.add_table("coefficients", _coefficients(fit).rename_axis("term"))
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
            interval = Interval(row["estimate"], row["low_adjusted"], row["high_adjusted"], comparisons=len(contrasts))
            draft.compare(f"{first} against {second}", interval)
            better, worse, gap = oriented(first, second, interval)
            draft.weigh(
                f"Readers rated {better} higher than {worse}: log odds ratio {gap}, adjusted for all pairs.",
                f"Whether readers rate {first} or {second} higher is open: log odds ratio {interval}.",
                f"log odds ratio of a higher rating, {better} against {worse}",
                gap,
                adjusted="Bonferroni over all pairs",
                p=float(row["p"]),
            )

    def _test_proportional_odds(self, fit: CumulativeLinkFit, draft: Draft) -> ProportionalOdds | None:
        """One effect for all thresholds against thresholds of each method's own."""
        if len(fit.thresholds) < 2:
            return None
        with draft.allow_thin("The test of proportional odds"):
            test = fit.proportional_odds("method")
            row = {"statistic": test.statistic, "df": test.df, "p": test.p, "converged": test.converged}
            draft.add_table("proportional-odds-test", pd.DataFrame([row]))
            draft.read(
                f"Proportional odds, likelihood ratio against thresholds of each method's own: chi-squared "
                f"{test.statistic:.2f} with {test.df} degrees of freedom, p = {test.p:.3f}."
            )
            return test
        return None

    def _compare_with_scores(
        self, fit: CumulativeLinkFit, ratings: pd.DataFrame, draft: Draft, setting: Setting
    ) -> None:
        """The same contrasts from a linear model of the scores as numbers."""
        if not fit.n_groups.size:
            return
        with draft.allow_thin("The linear model of the scores"):
            linear = lmm(fit.formula, ratings.rename(columns={"score": "usefulness"}))
            draft.add_table("linear-contrasts", linear.contrasts("method"))
            _tell_scores(linear.contrasts("method", simultaneous=True), draft, setting)

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


def _tell_scores(wide: pd.DataFrame, draft: Draft, setting: Setting) -> None:
    """Whether the linear model of the scores comes to the same conclusions."""
    scored = _intervals(wide, setting)
    other = [name for name, each in draft.compared.items() if conclusion(scored[name]) != conclusion(each)]
    if other:
        draft.changes.append(f"The linear model of the scores concludes otherwise on: {'; '.join(other)}.")
    elif draft.compared:
        draft.changes.append("The linear model of the scores comes to the same conclusion on every comparison.")


def _intervals(wide: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
    """The contrasts with bounds that hold for all of them, by what they compare."""
    title = setting.context.title
    return {
        f"{title(row['first'])} against {title(row['second'])}": Interval(
            row["estimate"], row["low"], row["high"], comparisons=len(wide)
        )
        for row in wide.to_dict("records")
    }


def _coefficients(fit: CumulativeLinkFit) -> pd.DataFrame:
    """Effects against the reference method, with the test that the contrasts have."""
    p = 2.0 * stats.t.sf((fit.coefficients / fit.standard_errors).abs(), fit.degrees)
    return pd.DataFrame({"estimate": fit.coefficients, "se": fit.standard_errors, "df": fit.degrees, "p": p})


def _require_enough(ratings: pd.DataFrame, outcome: str) -> None:
    if ratings.empty:
        raise TooFew(f"The question {outcome!r} has no scored answers.")
    if ratings["score"].nunique() < 2:
        raise OneCategory(f"All answers to {outcome!r} are equal.")
    if ratings["method"].nunique() < 2:
        raise TooFew("Only one method was rated, so there is nothing to compare.")
