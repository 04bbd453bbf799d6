"""The distribution that an ordinal model's estimate over its error is held against: normal, or t with lent degrees.

Over its standard error an estimate of a mixed model is normal only with many readers and cases. The linear model of the
same ratings as scores has the same random terms, so Satterthwaite's degrees of freedom of its estimates say on how many
readers and cases those of the ordinal model rest. `type_one_error` says how well either keeps the level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.formula import Grouping
from evaluation.statistics.linear_design import LinearDesign
from evaluation.statistics.tidy import Numbers

ReferenceDistribution = Literal["normal", "t"]
REFERENCE_DISTRIBUTIONS = ("normal", "t")


class LentDegrees:
    """Degrees of freedom of linear combinations of an ordinal model's effects, `rows` `(k, effects)` -> `(k,)`.

    `design` `(n, effects)` is without an intercept. Prepared once, lent for any number of outcomes.
    """

    def __init__(self, design: Numbers, groups: Sequence[Grouping]) -> None:
        with_intercept = np.column_stack([np.ones(len(design)), design])
        self._residual = len(design) - with_intercept.shape[1]
        self._fewest = min((group.size for group in groups), default=self._residual + 1) - 1
        self._linear = LinearDesign(with_intercept, groups) if groups else None

    def of(self, scores: Numbers) -> Callable[[Numbers], Numbers]:
        """Those of one study's ratings as scores.

        At least 1. Where the linear model has no minimum, one less than the groups of the smallest random term; without
        random terms, ratings less effects.
        """
        if self._linear is None:
            return lambda rows: np.full(len(rows), float(self._residual))
        try:
            found = self._linear.fit(scores)
        except NotIdentified:
            return self._least
        if not found.converged:
            return self._least
        return lambda rows: np.maximum(found.degrees(np.column_stack([np.zeros(len(rows)), rows])), 1.0)

    def _least(self, rows: Numbers) -> Numbers:
        return np.full(len(rows), float(max(self._fewest, 1)))
