"""Whether a faithful explanation changes reliance on an AI that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.decisions import answers_of, decided
from evaluation.analyses.directions import higher_is_better
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import METRIC_PREFIX, metric_columns
from evaluation.statistics.bootstrap import bootstrap_replicates, percentile_bounds, usable_clusters, weighted_ratio
from evaluation.statistics.crossed_errors import crossed_errors
from evaluation.statistics.errors import ThinData, TooFew
from evaluation.statistics.tidy import Numbers

#: A share of fewer decisions than this is hardly known.
FEWEST_DECISIONS = 20
CELLS = (("wrong", "unfaithful"), ("wrong", "faithful"), ("right", "unfaithful"), ("right", "faithful"))
# What each contrast makes of the four shares above.
CONTRASTS = {
    "reliance on a wrong AI, faithful less unfaithful": (-1.0, 1.0, 0.0, 0.0),
    "reliance on a right AI, faithful less unfaithful": (0.0, 0.0, -1.0, 1.0),
    "interaction: the second less the first": (1.0, -1.0, -1.0, 1.0),
}


@registry.register
@dataclass(frozen=True)
class FaithfulReliance(Analysis):
    """How often readers followed the AI, by whether it was right and whether the shown map was faithful to it."""

    name: ClassVar[str] = "faithful-reliance"
    title: ClassVar[str] = "Faithful explanations and reliance"
    question: ClassVar[str] = "Does a faithful explanation change reliance on an AI that is wrong?"
    model: ClassVar[str] = (
        "Shares of decisions that follow the AI in four cells (right or wrong AI, faithful or unfaithful map), "
        "bounds by bootstrap of readers and cases; two differences and their difference with two-way clustered "
        "jackknife errors and t."
    )
    fragile: ClassVar[str] = (
        "Another metric or another cut of faithful; harder cases whose maps are less faithful. A design that "
        "randomises what map is shown for the same case would settle it."
    )
    assumptions: ClassVar[str] = (
        "A decision follows the AI if its final answer is the AI's. Maps count as faithful from the median of the "
        "metric over the shown maps on; which maps are faithful was not randomised, so harder cases may explain a "
        "difference. Bounds of shares resample readers and cases together, which is conservative; those of differences "
        "allow decisions of a reader, and of a case, to hang together (t with the degrees of freedom of the rarer of "
        "both) and hold for the three contrasts at once (Bonferroni)."
    )
    reference: ClassVar[str] = "Schemmer et al. 2023; Cameron, Gelbach & Miller 2011; Owen 2007"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "question", "truth", "advice")
    uses: ClassVar[tuple[str, ...]] = ("arm", "method", "initial", "final", "answer", "occurrence", "metric.*")
    task: ClassVar[str] = "diagnosis"

    metric: str = field(default="srg", metadata={"help": "The faithfulness metric that parts the maps in two."})
    threshold: float = field(default=50.0, metadata={"help": "The probability (0 to 100) from which an answer is yes."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Four shares, two differences and their difference."""
        decisions = self._parted(decided(answers_of(rows), self.threshold), draft, setting)
        warn_of_few(decisions, draft)
        follows, member = _cells(decisions)
        shares = follows @ member / member.sum(axis=0)
        drawn = self._drawn(decisions, follows[:, None] * member, member, setting)
        draft.add_table("reliance", _shares(shares, drawn, follows @ member, member.sum(axis=0)))
        contrasts = _contrasts(decisions)
        draft.add_table("contrasts", contrasts)
        least, (ai, kind) = min(zip(member.sum(axis=0), CELLS, strict=True))
        draft.check(
            "enough decisions",
            least >= FEWEST_DECISIONS,
            f"The smallest of the four cells, a {ai} AI with {kind} maps, holds {least:.0f} decisions"
            + ("." if least >= FEWEST_DECISIONS else f", fewer than {FEWEST_DECISIONS}: its share is hardly known."),
        )
        self._read(shares, contrasts, draft, setting)

    def compared(self, rows: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
        """The contrasts alone."""
        try:
            return _intervals(_contrasts(self._parted(decided(answers_of(rows), self.threshold), Draft(), setting)))
        except ThinData:
            return {}

    def compared_without(
        self, rows: pd.DataFrame, column: str, setting: Setting
    ) -> Iterator[tuple[str, dict[str, Interval]]]:
        """Maps stay faithful or unfaithful as in the whole: the cut does not move with what is left out."""
        decisions = self._parted(decided(answers_of(rows), self.threshold), Draft(), setting)
        for level in sorted(decisions[column].unique()):
            try:
                yield str(level), _intervals(_contrasts(decisions[decisions[column] != level]))
            except ThinData:
                yield str(level), {}

    def _parted(self, decisions: pd.DataFrame, draft: Draft, setting: Setting) -> pd.DataFrame:
        """Decisions with a scored map, parted at the median over maps; columns `ai` and `map`."""
        column = METRIC_PREFIX + self.metric
        if column not in decisions or decisions[column].notna().sum() == 0:
            have = ", ".join(name.removeprefix(METRIC_PREFIX) for name in metric_columns(decisions)) or "none"
            raise TooFew(f"No decision has a map with the metric {self.metric!r}; there are: {have}.")
        scored = decisions.dropna(subset=[column])
        sign = 1.0 if higher_is_better(self.metric, draft, setting) else -1.0
        keys = ["case", "method"] if "method" in scored else ["case"]
        maps = scored.drop_duplicates(keys)[column] * sign
        middle = float(maps.median())
        if not (maps < middle).any():
            raise TooFew(f"The maps do not differ enough in {self.metric!r} to be parted in two.")
        left_out = len(decisions) - len(scored)
        if left_out:
            draft.warn(f"{left_out} decisions without a scored map are left out.")
        return scored.assign(
            ai=np.where(scored["advice"] == scored["truth"], "right", "wrong"),
            map=np.where(scored[column] * sign >= middle, "faithful", "unfaithful"),
        )

    def _drawn(self, decisions: pd.DataFrame, above: Numbers, below: Numbers, setting: Setting) -> Numbers:
        usable = usable_clusters(decisions, "reader", "case")
        if not usable or not setting.context.bootstrap:
            return np.zeros((0, len(CELLS)))
        return bootstrap_replicates(
            lambda weights: weighted_ratio(weights, above, below),
            usable,
            replicates=setting.context.bootstrap,
            seed=setting.seed,
        )

    def _read(self, shares: Numbers, contrasts: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        title = setting.context.title(self.metric)
        wrong, right = 100 * shares[:2], 100 * shares[2:]
        draft.read(
            f"With maps that {title} calls faithful, readers followed a wrong AI in {wrong[1]:.0f} % of decisions and "
            f"a right one in {right[1]:.0f} %; with the others in {wrong[0]:.0f} % and {right[0]:.0f} %."
        )
        sentences = (
            ("Faithful maps {} reliance on a wrong AI: difference {}.", "Whether faithful maps change reliance on a "
             "wrong AI is open: difference {}."),
            ("Faithful maps {} reliance on a right AI: difference {}.", "Whether faithful maps change reliance on a "
             "right AI is open: difference {}."),
            ("Faithful maps {} the gap between reliance on a right and on a wrong AI: by {}.", "Whether faithful maps "
             "help readers to tell a right AI from a wrong one is open: change of the gap {}."),
        )  # fmt: skip
        for row, (claim, otherwise) in zip(contrasts.to_dict("records"), sentences, strict=True):
            interval = Interval(row["estimate"], row["low"], row["high"], comparisons=len(CONTRASTS))
            draft.compare(str(row["contrast"]), interval)
            way = "raise" if interval.estimate > 0 else "lower"
            draft.weigh(
                claim.format(way, interval),
                otherwise.format(interval),
                str(row["contrast"]),
                interval,
                adjusted="Bonferroni over three contrasts",
                p=float(row["p"]),
            )


def _shares(shares: Numbers, drawn: Numbers, above: Numbers, below: Numbers) -> pd.DataFrame:
    low, high = percentile_bounds(drawn, 0.95)
    frame = pd.DataFrame(CELLS, columns=["ai", "map"])
    return frame.assign(estimate=shares, low=low, high=high, followed=above.astype(int), decisions=below.astype(int))


def _cells(decisions: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Whether each decision follows the AI `(n,)`, and which of the four cells it is in `(n, 4)`."""
    member: Numbers = np.column_stack(
        [((decisions["ai"] == ai) & (decisions["map"] == kind)).to_numpy(dtype=np.float64) for ai, kind in CELLS]
    )
    for (ai, kind), decided_in in zip(CELLS, member.sum(axis=0).tolist(), strict=True):
        if not decided_in:
            raise TooFew(f"There are no decisions about a {ai} AI with {kind} maps.")
    follows: Numbers = np.asarray(decisions["final"] == decisions["advice"], dtype=np.float64)
    return follows, member


def _contrasts(decisions: pd.DataFrame) -> pd.DataFrame:
    follows, member = _cells(decisions)
    weights = np.array(list(CONTRASTS.values()))
    above = follows[:, None] * member
    estimate = weights @ (above.sum(axis=0) / member.sum(axis=0))
    found = crossed_errors(above, member, weights.T, usable_clusters(decisions, "reader", "case"))
    reach = found.reach(0.95, len(CONTRASTS))
    frame = pd.DataFrame({"contrast": list(CONTRASTS), "estimate": estimate, "se": found.se, "df": found.df})
    return frame.assign(p=found.p_values(estimate), low=estimate - reach, high=estimate + reach)


def _intervals(contrasts: pd.DataFrame) -> dict[str, Interval]:
    return {
        str(row["contrast"]): Interval(row["estimate"], row["low"], row["high"], comparisons=len(CONTRASTS))
        for row in contrasts.to_dict("records")
    }
