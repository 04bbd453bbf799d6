"""Appropriate reliance: does a reader follow right advice and withstand wrong advice?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from evaluation.statistics.bootstrap import bootstrap_bounds, usable_clusters, weighted_ratio
from evaluation.statistics.crossed_errors import crossed_errors
from evaluation.statistics.errors import NotNumeric, TooFew
from evaluation.statistics.tidy import Numbers, codes, require_columns, require_share

MEASURES = (
    "rair",
    "rsr",
    "under_reliance",
    "over_reliance",
    "switch_fraction",
    "agreement_fraction",
    "harmful_switch_rate",
    "helpful_switch_rate",
    "initial_accuracy",
    "final_accuracy",
    "accuracy_gain",
)


@dataclass(frozen=True)
class Reliance:
    """Shares and counts; a share whose denominator is 0 is NaN.

    `rair`: switched to right advice after a wrong first answer / such decisions. `rsr`: stayed right against wrong
    advice / such decisions. `switch_fraction`: took the advice / the first answer differed from it.
    `harmful_switches` went from right to wrong, `helpful_switches` from wrong to right. `counts` holds numerators and
    denominators, and `dropped` rows that lacked one of the four columns.
    """

    rair: float
    rsr: float
    under_reliance: float
    over_reliance: float
    switch_fraction: float
    agreement_fraction: float
    harmful_switches: int
    helpful_switches: int
    initial_accuracy: float
    final_accuracy: float
    counts: dict[str, int]
    dropped: int


def reliance(data: pd.DataFrame, *, truth: str, advice: str, initial: str, final: str) -> Reliance:
    """Reliance on advice over decisions made before and after it was shown, one row a decision.

    The four columns hold answers of the same kind (0/1, or any labels). Needs a first answer given before the advice;
    giving one anchors the reader, which the measures cannot show. Source: Schemmer et al. 2023.
    """
    kept = _complete(data, truth, advice, initial, final)
    above, below = _events(kept, truth, advice, initial, final)
    ups = dict(zip(MEASURES, above.sum(axis=0), strict=True))
    downs = dict(zip(MEASURES, below.sum(axis=0), strict=True))
    share = {name: float(ups[name] / downs[name]) if downs[name] else float("nan") for name in MEASURES}
    counts = {
        "decisions": len(kept),
        "right_advice_wrong_initial": int(downs["rair"]),
        "switched_to_right_advice": int(ups["rair"]),
        "wrong_advice_right_initial": int(downs["rsr"]),
        "stayed_right": int(ups["rsr"]),
        "initial_differs_from_advice": int(downs["switch_fraction"]),
        "took_advice": int(ups["switch_fraction"]),
        "agreed_finally": int(ups["agreement_fraction"]),
    }
    return Reliance(
        rair=share["rair"],
        rsr=share["rsr"],
        under_reliance=1.0 - share["rair"],
        over_reliance=1.0 - share["rsr"],
        switch_fraction=share["switch_fraction"],
        agreement_fraction=share["agreement_fraction"],
        harmful_switches=int(ups["harmful_switch_rate"]),
        helpful_switches=int(ups["helpful_switch_rate"]),
        initial_accuracy=share["initial_accuracy"],
        final_accuracy=share["final_accuracy"],
        counts=counts,
        dropped=len(data) - len(kept),
    )


def reliance_intervals(
    data: pd.DataFrame,
    *,
    truth: str,
    advice: str,
    initial: str,
    final: str,
    reader: str,
    case: str,
    bootstrap: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """The same measures with bounds, readers and cases resampled together.

    Index: the measures, with the rates of harmful and helpful switches per decision, both accuracies and the gain.
    Columns `estimate low high numerator denominator`; a column of clusters with one level is not resampled, and
    without any there are no bounds.
    """
    require_columns(data, reader, case)
    kept = _complete(data, truth, advice, initial, final)
    above, below = _events(kept, truth, advice, initial, final)
    ups, downs = above.sum(axis=0), below.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = ups / downs
    frame = pd.DataFrame({"estimate": estimate}, index=pd.Index(MEASURES, name="measure"))
    usable = usable_clusters(kept, reader, case)
    frame["low"], frame["high"] = np.nan, np.nan
    if usable and bootstrap:
        frame["low"], frame["high"] = bootstrap_bounds(
            lambda weights: weighted_ratio(weights, above, below),
            usable,
            replicates=bootstrap,
            seed=seed,
            level=level,
        )
    frame["numerator"], frame["denominator"] = ups.astype(int), downs.astype(int)
    return frame


def reliance_contrasts(
    data: pd.DataFrame,
    *,
    group: str,
    truth: str,
    advice: str,
    initial: str,
    final: str,
    reader: str,
    case: str,
    measures: Sequence[str] = ("rair", "rsr", "accuracy_gain"),
    level: float = 0.95,
) -> pd.DataFrame:
    """Each pair of groups (arms) once per measure: first minus second, readers and cases both random.

    Columns `measure first second estimate se df p low high`: errors by the two-way clustered jackknife of
    `crossed_errors`, held against t; `p` is that of the row alone, the bounds hold for all rows at once (Bonferroni).
    Without clusters, or where a group rests on one reader or one case, they are NaN.
    """
    require_columns(data, group, reader, case)
    require_share("level", level)
    kept = _complete(data, truth, advice, initial, final).dropna(subset=[group])
    above, below = _events(kept, truth, advice, initial, final)
    chosen = [MEASURES.index(measure) for measure in measures]
    group_codes, groups = codes(kept, group)
    member = (group_codes[:, None] == np.arange(len(groups))).astype(np.float64)
    tops = (member[:, :, None] * above[:, None, chosen]).reshape(len(kept), -1)
    bottoms = (member[:, :, None] * below[:, None, chosen]).reshape(len(kept), -1)
    pairs = [(m, i, j) for m in range(len(chosen)) for i, j in combinations(range(len(groups)), 2)]
    contrasts = np.zeros((len(groups) * len(chosen), len(pairs)))
    for place, (m, i, j) in enumerate(pairs):
        contrasts[i * len(chosen) + m, place], contrasts[j * len(chosen) + m, place] = 1.0, -1.0
    point = weighted_ratio(np.ones((1, len(kept))), tops, bottoms).reshape(len(groups), -1)
    estimate = np.array([point[i, m] - point[j, m] for m, i, j in pairs], dtype=np.float64)
    found = crossed_errors(tops, bottoms, contrasts, usable_clusters(kept, reader, case))
    reach = found.reach(level, len(pairs))
    frame = pd.DataFrame(
        [(measures[m], groups[i], groups[j]) for m, i, j in pairs], columns=["measure", "first", "second"]
    )
    return frame.assign(
        estimate=estimate,
        se=found.se,
        df=found.df,
        p=found.p_values(estimate),
        low=estimate - reach,
        high=estimate + reach,
    )


def _complete(data: pd.DataFrame, *names: str) -> pd.DataFrame:
    require_columns(data, *names)
    kept = data.dropna(subset=list(names))
    if kept.empty:
        raise TooFew("No decision has its truth, its advice, a first and a final answer.")
    if any(pd.api.types.is_float_dtype(kept[name]) and ((kept[name] % 1) != 0).any() for name in names):
        raise NotNumeric("Decisions must be labels or 0 and 1; cut probabilities at a threshold first.")
    return kept


def _events(data: pd.DataFrame, truth: str, advice: str, initial: str, final: str) -> tuple[Numbers, Numbers]:
    """Numerator and denominator of each measure per decision: `(n, measures)` twice."""
    right, told, before, after = (data[name].to_numpy(dtype=object) for name in (truth, advice, initial, final))
    good_advice, was_right, is_right = told == right, before == right, after == right
    follows, differs = after == told, before != told
    every = np.ones(len(data), dtype=bool)
    wrong_then_told = good_advice & ~was_right
    right_then_misled = ~good_advice & was_right
    pairs = [
        (wrong_then_told & follows, wrong_then_told),
        (right_then_misled & is_right, right_then_misled),
        (wrong_then_told & ~follows, wrong_then_told),
        (right_then_misled & ~is_right, right_then_misled),
        (differs & follows, differs),
        (follows, every),
        (was_right & ~is_right, every),
        (~was_right & is_right, every),
        (was_right, every),
        (is_right, every),
    ]
    above = np.column_stack([np.asarray(pair[0], dtype=np.float64) for pair in pairs])
    below = np.column_stack([np.asarray(pair[1], dtype=np.float64) for pair in pairs])
    gain = is_right.astype(np.float64) - was_right.astype(np.float64)
    return np.column_stack([above, gain]), np.column_stack([below, every.astype(np.float64)])
