"""How well a shown map's look gives its arm away: a classifier that never saw the case it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.analyses.result import AnalysisResult, Draft, Finding, figure
from studies.blinding.looks import features_of, guessed

FOLDS = 5
DRAWS = 2000
FEWEST_CASES = 4
NAME = "leak-classifier"


@dataclass(frozen=True)
class Leak:
    """Share of maps whose arm was guessed, its bounds, what blind guessing gets, and which was taken for which.

    `confusion`: rows true arms, columns guessed ones, counts. The bounds resample cases.
    """

    accuracy: float
    low: float
    high: float
    chance: float
    maps: int
    cases: int
    confusion: pd.DataFrame

    @property
    def sentence(self) -> str:
        """How to read it."""
        found = (
            f"From the look of a map alone its arm was guessed in {self.accuracy:.0%} of {self.maps} maps "
            f"(95 % interval {self.low:.0%} to {self.high:.0%}); blind guessing gets {self.chance:.0%}."
        )
        if self.low > self.chance:
            return f"{found} The look tells something of the method: readers are blinded to names, not to looks."
        return f"{found} No leak was found; with {self.cases} cases, a small one could have been missed."


def leak(
    shown: Sequence[NDArray[np.uint8]], arms: Sequence[str], cases: Sequence[str], *, seed: int = 0
) -> Leak | None:
    """Guess each map's arm from maps of other cases; None with one arm, or fewer than four cases.

    Assumes that cases are alike enough for maps of some to tell of others. An arm that cannot be told from another is
    guessed right as often as chance; what is at chance here may still be known to an expert's eye.
    """
    codes, labels = np.unique(np.asarray(arms), return_inverse=True)
    groups, places = np.unique(np.asarray(cases), return_inverse=True)
    if len(codes) < 2 or len(groups) < FEWEST_CASES:
        return None
    rows = np.stack([features_of(each) for each in shown])
    found = _across_folds(rows, labels.astype(np.intp), places, seed)
    right = found == labels
    per_case = np.array([(right[places == group].sum(), (places == group).sum()) for group in range(len(groups))])
    low, high = _bounds(per_case, seed)
    confusion = pd.crosstab(pd.Series(codes[labels], name="arm"), pd.Series(codes[found], name="taken for"))
    return Leak(
        accuracy=float(right.mean()),
        low=low,
        high=high,
        chance=1.0 / len(codes),
        maps=len(rows),
        cases=len(groups),
        confusion=confusion.reindex(index=codes, columns=codes, fill_value=0),
    )


def as_result(found: Leak, of: str) -> AnalysisResult:
    """The outcome in the form in which analyses are stored and shown."""
    draft = Draft()
    draft.read(found.sentence)
    draft.add_table(
        "accuracy",
        pd.DataFrame(
            [
                {
                    "maps": found.maps,
                    "cases": found.cases,
                    "estimate": found.accuracy,
                    "low": found.low,
                    "high": found.high,
                    "chance": found.chance,
                }
            ]
        ),
    )
    draft.add_table("confusion", found.confusion.rename_axis(columns=None))
    if found.low > found.chance:
        words = f"The look of maps of {of} gives their arm away ({figure(found.accuracy)}, chance {found.chance:.2f})."
        draft.findings.append(Finding(words, "accuracy", found.accuracy, found.low, found.high, found.chance))
    return AnalysisResult(
        name=NAME,
        title="Leak classifier",
        question="Does the look of a shown map tell its method?",
        tables=draft.tables,
        reading=tuple(draft.reading),
        warnings=(),
        findings=tuple(draft.findings),
        open_questions=(),
    )


def _across_folds(
    rows: NDArray[np.float64], labels: NDArray[np.intp], places: NDArray[np.intp], seed: int
) -> NDArray[np.intp]:
    """Each map's guessed label, by a classifier that saw no map of its case."""
    count = int(places.max()) + 1
    order = np.random.default_rng(seed).permutation(count)
    fold = np.empty(count, dtype=np.intp)
    fold[order] = np.arange(count) % min(FOLDS, count)
    found = np.empty(len(rows), dtype=np.intp)
    for number in range(min(FOLDS, count)):
        asked = fold[places] == number
        found[asked] = guessed(rows[~asked], labels[~asked], rows[asked])
    return found


def _bounds(per_case: NDArray[np.intp], seed: int) -> tuple[float, float]:
    drawn = np.random.default_rng(seed).integers(0, len(per_case), (DRAWS, len(per_case)))
    sums = per_case[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    return float(low), float(high)
