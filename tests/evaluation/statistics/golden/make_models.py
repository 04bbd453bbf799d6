"""Draws `models_data.csv`: 12 raters, 15 cases, 3 methods, unbalanced, with repeats, ties, cells that are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def draw(seed: int = 7) -> pd.DataFrame:
    """Outcomes on seven points (`seven`), two (`binary`), without a rater effect (`flat`), and in numbers (`score`)."""
    random = np.random.default_rng(seed)
    rater, case, method = (part.ravel() for part in np.meshgrid(range(12), range(15), range(3), indexing="ij"))
    kept = random.random(len(rater)) > 0.15 + 0.2 * (method == 2)
    repeats = np.flatnonzero(kept)[::9]
    chosen = np.concatenate([np.flatnonzero(kept), repeats])
    rater, case, method = rater[chosen], case[chosen], method[chosen]
    years = random.integers(1, 30, size=12)[rater]
    by_case = 0.9 * random.normal(size=15)[case] + 0.5 * random.normal(size=(15, 3))[case, method]
    by_rater = 0.7 * random.normal(size=12)[rater]
    effect = np.array([0.0, 0.8, -0.5])[method] + 0.03 * years
    noise = random.logistic(size=len(rater))
    latent = effect + by_case + by_rater + noise
    names = np.array(["gradcam", "lime", "shap"])
    return pd.DataFrame(
        {
            "rater": [f"r{index:02d}" for index in rater],
            "case": [f"c{index:02d}" for index in case],
            "method": names[method],
            "years": years,
            "seven": np.digitize(latent, [-2.5, -1.5, -0.5, 0.3, 1.2, 2.4]) + 1,
            "binary": (latent > 0.3).astype(int),
            "flat": np.digitize(effect + by_case + random.logistic(size=len(rater)), [-1.0, 0.5, 1.5]) + 1,
            "score": (5 * np.round(10 + 3 * latent + 2 * random.normal(size=len(rater)))).astype(int),
        }
    )


if __name__ == "__main__":
    draw().to_csv(Path(__file__).with_name("models_data.csv"), index=False)
