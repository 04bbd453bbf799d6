"""Planned reader studies of accuracy: latent ratings after Roe and Metz, areas compared by Obuchowski and Rockette."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import NotNumeric, RepeatedRating, TooFew, WrongChoice
from evaluation.statistics.power_studies import require_known
from evaluation.statistics.reader_study import mrmc
from evaluation.statistics.tidy import Codes, Numbers, numbers, require_columns

TRUTH = "truth"
# Roe and Metz's middle setting: an area of .856 without any random term.
SEPARATION = 1.5


class ReadingStudy:
    """Readings of diseased and normal cases with several methods, each reader reading each case with each of them.

    `design` has columns `rater case method truth`, one row a planned reading, `truth` 0 or 1 of the case. A reading's
    latent rating is that of truth plus random terms plus noise (`sigma`). The effect `"truth"` is how far apart the
    means of diseased and normal cases are with the first method (1.5 unless named); `"method[b]"` is what method b
    adds to that. Random terms are named by their columns (`"rater"`, `"rater:method"`, `"case:method"`,
    `"rater:case"`); each is drawn anew for either truth, since a shift of a reader's ratings of all cases would leave
    areas as they are. What the tests compare are areas: the estimates of `method[b]` are differences of areas.
    The expected area of a method is `expected_area`. Source: Roe & Metz 1997.
    """

    def __init__(
        self, design: pd.DataFrame, effects: Mapping[str, float], sd: Mapping[str, float], sigma: float
    ) -> None:
        require_columns(design, "rater", "case", "method", TRUTH)
        truth = numbers(design, TRUTH)
        if not np.isin(truth, (0.0, 1.0)).all():
            raise NotNumeric(f"Column {TRUTH!r} must hold 0 and 1.")
        if design.duplicated(["rater", "case", "method"]).any():
            raise RepeatedRating("A reader is to read the same case twice with one method.")
        if (design.groupby("case")[TRUTH].nunique() > 1).any():
            raise WrongChoice("A case is both diseased and not.")
        methods = sorted(design["method"].unique())
        if len(methods) < 2:
            raise TooFew("The design has one method only.")
        self.names = [f"method[{name}]" for name in methods[1:]]
        require_known({name: 0.0 for name in effects if name != TRUTH}, self.names)
        added = {name: effects.get(f"method[{name}]", 0.0) + effects.get(TRUTH, SEPARATION) for name in methods}
        self.mean = truth * design["method"].map(added).to_numpy(dtype=np.float64)
        self.terms = [(scale, *_groups(design, name)) for name, scale in sd.items()]
        self.sigma, self.first = sigma, methods[0]
        self.design = design[["rater", "case", "method", TRUTH]]

    def draw(self, generator: np.random.Generator) -> Numbers:
        """The latent ratings of one study, for each row of the design."""
        rating = self.mean + self.sigma * generator.standard_normal(len(self.mean))
        for scale, index, size in self.terms:
            rating = rating + scale * generator.standard_normal(size)[index]
        return np.asarray(rating, dtype=np.float64)

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """One study: differences of areas to the first method, readers and cases random, jackknife covariance."""
        data = self.design.assign(rating=self.draw(generator))
        found = mrmc(data, reader="rater", case="case", modality="method", truth=TRUTH, rating="rating")
        pairs = found.contrasts("none")
        against = pairs[pairs["first"] == self.first]
        return -against["estimate"].to_numpy(dtype=np.float64), against["p"].to_numpy(dtype=np.float64)


def expected_area(separation: float, variances: Mapping[str, float]) -> float:
    """The area under the ROC curve, on average over readers and cases, of a latent separation of the two truths.

    `variances` are all random terms' and `"residual"` (1 by default): each differs between any diseased case and any
    normal one, so twice their sum is the variance of the difference.
    """
    total = sum({"residual": 1.0, **variances}.values())
    return float(stats.norm.cdf(separation / np.sqrt(2.0 * total)))


def _groups(design: pd.DataFrame, name: str) -> tuple[Codes, int]:
    """Groups of a random term, apart for diseased and normal cases."""
    columns = list(dict.fromkeys([*name.split(":"), TRUTH]))
    require_columns(design, *columns)
    index = design.groupby(columns, sort=True, observed=True).ngroup().to_numpy().astype(np.intp)
    return index, int(index.max()) + 1
