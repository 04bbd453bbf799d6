"""How long the bootstrap of the association between ratings and a metric takes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.statistics import association
from tests.bench.figures import figure, seconds


def _study(readers: int, cases: int, methods: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(0)
    grid = pd.MultiIndex.from_product([range(cases), range(methods)], names=["case", "method"])
    values = pd.Series(random.normal(size=len(grid)), index=grid, name="value")
    parts = [
        pd.DataFrame({"rating": np.clip(np.round(3 + values + random.normal(size=len(grid))), 1, 5), "rater": reader})
        for reader in range(readers)
    ]
    return pd.concat(parts).reset_index(), values.reset_index()


@figure("Association", "10,000 resamples of 4,000 ratings, seconds over 1 s", at_most=1.0)
def bootstrap() -> float:
    """20 readers, 40 cases, 5 methods; all levels."""
    ratings, values = _study(20, 40, 5)

    def run(bootstrap: int = 10_000) -> object:
        return association(
            ratings,
            values,
            case="case",
            method="method",
            rater="rater",
            rating="rating",
            value="value",
            bootstrap=bootstrap,
        )

    run(10)
    return min(seconds(run) for _ in range(3))
