"""Whether readers tell diseased from healthy better with the advice than without, as a multi-reader study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import FEW, Analysis, Setting, warn_of_few
from evaluation.analyses.decisions import answers_of
from evaluation.analyses.result import Draft, Interval, oriented
from evaluation.statistics import ReaderStudy, clustered_auc, clustered_delong, mrmc
from evaluation.statistics.errors import ThinData, TooFew

FIRST = "first answer"


@registry.register
@dataclass(frozen=True)
class ReaderStudyAnalysis(Analysis):
    """Obuchowski and Rockette's comparison of areas under the ROC curve: first answers and final answers per arm."""

    name: ClassVar[str] = "reader-study"
    title: ClassVar[str] = "Accuracy over readers and cases"
    question: ClassVar[str] = "Do readers tell diseased from healthy better once they see the advice?"
    model: ClassVar[str] = (
        "Obuchowski and Rockette's analysis of variance of areas under the ROC curve, with Hillis's degrees of freedom."
    )
    fragile: ClassVar[str] = (
        "Fixed readers or fixed cases narrow the claim and the interval. One reader far from the others: see the "
        "areas of the readers."
    )
    assumptions: ClassVar[str] = (
        "Answers are probabilities that the finding is present. Readers and cases are random: conclusions hold for "
        "others like them. Modalities are compared over the cases that all readers read in all of them; where a design "
        "gives each reader other cases per arm, first and final answers are compared over all arms together, and where "
        "no case was read by all, over all readings with readers and cases resampled. Holm over all pairs."
    )
    reference: ClassVar[str] = "Obuchowski & Rockette 1995; Hillis 2007"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "question", "truth")
    uses: ClassVar[tuple[str, ...]] = ("arm", "method", "advice", "initial", "final", "answer", "occurrence")
    task: ClassVar[str] = "diagnosis"

    covariance: Literal["jackknife", "delong", "unbiased"] = field(
        default="jackknife", metadata={"help": "How the covariance of the areas is estimated."}
    )
    readers: Literal["random", "fixed"] = field(
        default="random", metadata={"help": "Whether readers stand for others."}
    )
    cases: Literal["random", "fixed"] = field(default="random", metadata={"help": "Whether cases stand for others."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Areas per modality and reader, their comparison, and what future studies can be planned with."""
        answers = answers_of(rows, advised=False)
        warn_of_few(answers, draft)
        self._areas(_long(answers, by_arm=True), draft, setting)
        try:
            found = self._compared(_long(answers, by_arm=True))
        except TooFew as error:
            draft.warn(f"Arms cannot be compared with the readers crossed: {error}")
            try:
                found = self._compared(_long(answers, by_arm=False))
            except TooFew:
                self._resampled(answers, draft, setting)
                return
        if found.dropped:
            draft.warn(f"{found.dropped} cases that not all readers read in all modalities are left out.")
        contrasts = found.contrasts()
        for name, bounds in _intervals(found, setting).items():
            draft.compare(name, bounds)
        draft.add_table("areas of readers", _per_reader(found))
        draft.add_table("contrasts", contrasts)
        draft.add_table("components", _components(found))
        draft.read(
            f"{found.n_readers} readers, {found.n_positives} cases with the finding and {found.n_negatives} without; "
            f"all modalities alike: F({found.df1:.0f}, {found.df2:.1f}) = {found.f:.2f}, p = {found.p:.3g}."
        )
        rarer = min(found.n_positives, found.n_negatives)
        many = "enough for an area" if rarer >= FEW else f"of one kind fewer than the {FEW} that an area needs"
        draft.check(
            "enough cases of either kind",
            rarer >= FEW,
            f"{found.n_positives} cases have the finding and {found.n_negatives} have not: {many}.",
        )
        for row in contrasts.to_dict("records"):
            interval = Interval(row["estimate"], row["low"], row["high"])
            more, less, gap = oriented(
                setting.context.title(row["first"]), setting.context.title(row["second"]), interval
            )
            claim = f"Readers are more accurate with {more} than with {less}: difference of areas {gap}."
            otherwise = f"Whether accuracy differs between {more} and {less} is open: difference of areas {gap}."
            measure = f"difference of areas, {more} less {less}"
            if row["p_adjusted"] >= 0.05:
                draft.leave(otherwise, measure, gap, p=float(row["p"]))
            else:
                draft.weigh(claim, otherwise, measure, gap, adjusted="Holm", p=float(row["p"]))

    def compared(self, rows: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
        """The contrasts alone: of arms where readers are crossed with them, else of first and final answers."""
        for by_arm in (True, False):
            try:
                return _intervals(self._compared(_long(answers_of(rows, advised=False), by_arm=by_arm)), setting)
            except ThinData:
                continue
        return {}

    def _resampled(self, answers: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """First against final answers where no case was read by all: both areas over all readings, resampled."""
        draft.warn(
            "No case was read by all readers, so first and final answers are compared over all readings, readers and "
            "cases resampled together."
        )
        found = clustered_delong(
            answers, truth="truth", first="final", second="initial", clusters=("reader", "case"),
            bootstrap=setting.context.bootstrap, seed=setting.seed,
        )  # fmt: skip
        gap = Interval(found.difference, found.low, found.high)
        row = {"first": "final answer", "second": FIRST, "estimate": found.difference, "se": found.se, "p": found.p}
        draft.add_table("contrasts", pd.DataFrame([row | {"low": found.low, "high": found.high}]))
        way = "more" if found.difference > 0 else "less"
        draft.weigh(
            f"Readers are {way} accurate with the advice than before it: difference of areas {gap}.",
            f"Whether the advice changes accuracy is open: difference of areas {gap}.",
            "difference of areas, final answer less first answer",
            gap,
            p=found.p,
        )

    def _compared(self, long: pd.DataFrame) -> ReaderStudy:
        return mrmc(
            long,
            reader="reader",
            case="case",
            modality="modality",
            truth="truth",
            rating="rating",
            covariance=self.covariance,
            readers=self.readers,
            cases=self.cases,
        )

    def _areas(self, long: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """The area of each modality over all its readings, readers and cases resampled together."""
        table = []
        for name, part in long.groupby("modality", observed=True):
            with draft.allow_thin(setting.context.title(name)):
                area = clustered_auc(
                    part, truth="truth", score="rating", clusters=("reader", "case"),
                    bootstrap=setting.context.bootstrap, seed=setting.seed,
                )  # fmt: skip
                table.append((name, area.estimate, area.low, area.high, len(part)))
        if table:
            draft.add_table("areas", pd.DataFrame(table, columns=["modality", "auc", "low", "high", "readings"]))


def _long(answers: pd.DataFrame, *, by_arm: bool) -> pd.DataFrame:
    """One row a reading: the first answer, and the final one named by its arm or for all arms together."""
    keys = ["reader", "case", "truth"]
    first = answers[keys].assign(rating=answers["initial"], modality=FIRST)
    final = answers[keys].assign(rating=answers["final"], modality=answers["arm"] if by_arm else "final answer")
    both = pd.concat([first, final])
    return both.groupby([*keys, "modality"], as_index=False, observed=True).agg(rating=("rating", "mean"))


def _intervals(found: ReaderStudy, setting: Setting) -> dict[str, Interval]:
    """The contrasts with bounds that hold for all of them, by what they compare."""
    count, title = len(found.contrasts()), setting.context.title
    wide = found.contrasts(level=1.0 - 0.05 / max(count, 1))
    return {
        f"{title(row['first'])} less {title(row['second'])}": Interval(
            row["estimate"], row["low"], row["high"], level=0.95, comparisons=count
        )
        for row in wide.to_dict("records")
    }


def _per_reader(found: ReaderStudy) -> pd.DataFrame:
    wide = found.auc.rename_axis("modality").reset_index()
    return wide.melt(id_vars="modality", var_name="reader", value_name="auc")


def _components(found: ReaderStudy) -> pd.DataFrame:
    parts = found.components
    names = ("error", "cov1", "cov2", "cov3", "reader", "modality_reader")
    return pd.DataFrame({"component": names, "variance": [getattr(parts, name) for name in names]})
