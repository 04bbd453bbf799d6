"""Which of two maps readers prefer, by a model of paired comparisons with ties and a side effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval, oriented
from evaluation.analyses.table import controls_of, of_task
from evaluation.statistics import PairedComparison, bradley_terry
from evaluation.statistics.errors import NotIdentified, TooFew

_ANSWERS = ("first", "second", "tie")


@registry.register
@dataclass(frozen=True)
class Preference(Analysis):
    """Bradley and Terry's worth of each method with Davidson's ties, errors robust to readers."""

    name: ClassVar[str] = "preference"
    title: ClassVar[str] = "Preference between maps"
    question: ClassVar[str] = "Which method's map do readers prefer when they see two?"
    model: ClassVar[str] = (
        "Bradley and Terry's model with Davidson's ties and an effect of the side, errors robust to readers or "
        "readers with worths of their own."
    )
    fragile: ClassVar[str] = (
        "Readers who each prefer another method: the robust errors and the readers' standard deviation show it. "
        "Pairs that were never shown rest on the others alone."
    )
    assumptions: ClassVar[str] = (
        "Each method has one worth for all readers and cases; preferring the first shown is a constant side effect. "
        "Errors allow the answers of a reader to hang together; adjusted bounds hold for all pairs at once."
    )
    reference: ClassVar[str] = "Bradley & Terry 1952; Davidson 1970"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method", "method_b", "answer")
    uses: ClassVar[tuple[str, ...]] = ("control", "question", "trial", "score")
    task: ClassVar[str] = "preference"

    readers: Literal["robust", "random"] = field(
        default="robust",
        metadata={"help": "Errors robust to readers, or readers with worths of their own around the common ones."},
    )
    side: bool = field(default=True, metadata={"help": "Estimate a preference for the map shown first."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Fit, tabulate, compare all pairs."""
        asked = of_task(rows, "preference")
        answers = asked[asked["answer"].isin(_ANSWERS) & asked["method_b"].notna() & asked["method"].notna()]
        answers = answers[answers["method"] != answers["method_b"]]
        if answers.empty:
            raise TooFew("No pair of maps has been compared.")
        warn_of_few(answers, draft)
        wins = answers.assign(**{answer: (answers["answer"] == answer).astype(float) for answer in _ANSWERS})
        draft.add_table("answers", _tally(wins))
        draft.add_table("sides", _sides(wins))
        strength = _strength(asked, answers)
        if len(strength):
            draft.add_table("strength", strength)
        fit = self._fit(wins, draft)
        controls = controls_of(rows)
        worth = fit.contrasts("none")
        contrasts, wide = fit.contrasts("holm"), fit.contrasts("holm", simultaneous=True)
        contrasts["low_adjusted"], contrasts["high_adjusted"] = wide["low"], wide["high"]
        draft.add_table("worth", _ranking(fit, worth, controls))
        draft.add_table("contrasts", contrasts)
        facts = {
            "comparisons": fit.n_comparisons,
            "log-likelihood": fit.log_likelihood,
            "side effect (log worth of being first)": fit.home,
            "Davidson's nu": fit.tie,
            "readers' standard deviation": fit.reader_sd,
        }
        errors = [np.nan, np.nan, fit.home_error, fit.tie_error, np.nan]
        draft.add_table("model", pd.DataFrame({"fact": list(facts), "value": list(facts.values()), "se": errors}))
        draft.read(
            f"{int(fit.n_comparisons)} comparisons by {answers['reader'].nunique()} readers, "
            f"{int(wins['tie'].sum())} of them ties; worths are log odds of being preferred."
        )
        self._weigh(contrasts, draft, setting)

    def _fit(self, wins: pd.DataFrame, draft: Draft) -> PairedComparison:
        clustered = "reader" if wins["reader"].nunique() > 1 else None

        def fit(side: bool) -> PairedComparison:
            return bradley_terry(
                wins,
                first="method",
                second="method_b",
                first_wins="first",
                second_wins="second",
                ties="tie",
                home=side,
                reader=clustered,
                reader_effects=self.readers if clustered else "robust",
            )

        if not self.side:
            return fit(False)
        try:
            return fit(True)
        except NotIdentified as error:
            draft.warn(f"Fallback: the side effect is left out. {error}")
            return fit(False)

    def _weigh(self, contrasts: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        for row in contrasts.to_dict("records"):
            first, second = setting.context.title(row["first"]), setting.context.title(row["second"])
            interval = Interval(row["estimate"], row["low_adjusted"], row["high_adjusted"], comparisons=len(contrasts))
            draft.compare(f"{first} against {second}", interval)
            more, less, gap = oriented(first, second, interval)
            draft.weigh(
                f"Readers prefer {more} to {less}: log odds {gap}, adjusted for all pairs.",
                f"Whether readers prefer {first} or {second} is open: log odds {interval}.",
                f"log odds of preferring {more} to {less}",
                gap,
                adjusted="Bonferroni over all pairs",
                p=float(row["p"]),
            )


def _tally(wins: pd.DataFrame) -> pd.DataFrame:
    """How often each pair was shown in each order, and how it ended."""
    return wins.groupby(["method", "method_b"], as_index=False, observed=True)[list(_ANSWERS)].sum()


def _sides(wins: pd.DataFrame) -> pd.DataFrame:
    """How often each reader who decided preferred the map shown first, with Wilson's bounds; without a bias a half."""
    rows = []
    for reader, mine in wins.groupby("reader", observed=True):
        first, decided = int(mine["first"].sum()), int(mine["first"].sum() + mine["second"].sum())
        if decided:
            found = stats.binomtest(first, decided)
            bounds = found.proportion_ci(method="wilson")
            rows.append((reader, decided, first / decided, float(bounds.low), float(bounds.high), float(found.pvalue)))
    return pd.DataFrame(rows, columns=["reader", "decided", "first", "first_low", "first_high", "p"])


def _strength(asked: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """How clear readers found the difference between two methods, whichever way round they stood.

    `strength` is the mean of the grades (1 slight to 3 very clear), 0 for ties; above 0 where `method` was preferred.
    """
    if "question" not in asked or "trial" not in asked:
        return pd.DataFrame()
    grades = asked.loc[asked["question"] == "strength", ["reader", "trial", "score"]]
    if grades.empty:
        return pd.DataFrame()
    graded = answers.drop(columns="score", errors="ignore").merge(
        grades.drop_duplicates(["reader", "trial"]), on=["reader", "trial"], how="left"
    )
    return _by_pair(graded)


def _by_pair(answers: pd.DataFrame) -> pd.DataFrame:
    way = answers["answer"].map({"first": 1.0, "tie": 0.0, "second": -1.0})
    signed = way * answers["score"].astype(float).where(way != 0, 0.0)
    turned = answers["method"].astype(str) > answers["method_b"].astype(str)
    pairs = pd.DataFrame(
        {
            "method": answers["method"].where(~turned, answers["method_b"]),
            "method_b": answers["method_b"].where(~turned, answers["method"]),
            "strength": signed.where(~turned, -signed),
        }
    ).dropna()
    grouped = pairs.groupby(["method", "method_b"], as_index=False, observed=True)
    return grouped.agg(comparisons=("strength", "size"), strength=("strength", "mean"))


def _ranking(fit: PairedComparison, contrasts: pd.DataFrame, controls: set[str]) -> pd.DataFrame:
    """Worth against the reference with bounds, best first."""
    rows = [{"method": fit.reference, "worth": 0.0, "se": 0.0, "low": 0.0, "high": 0.0}]
    for item in fit.coefficients.index:
        forward = contrasts[(contrasts["first"] == item) & (contrasts["second"] == fit.reference)]
        sign = 1.0 if len(forward) else -1.0
        row = (
            forward
            if len(forward)
            else contrasts[(contrasts["second"] == item) & (contrasts["first"] == fit.reference)]
        ).iloc[0]
        bounds = sorted((sign * float(row["low"]), sign * float(row["high"])))
        rows.append(
            {
                "method": item,
                "worth": sign * float(row["estimate"]),
                "se": float(row["se"]),
                "low": bounds[0],
                "high": bounds[1],
            }
        )
    frame = pd.DataFrame(rows).sort_values("worth", ascending=False, ignore_index=True)
    frame.insert(1, "control", frame["method"].isin(controls))
    return frame
