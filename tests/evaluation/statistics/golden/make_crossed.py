"""Draws the crossed ratings of `crossed_data.csv`: 15 raters, 20 cases, 5 methods, four random terms, some missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def draw(seed: int = 20) -> pd.DataFrame:
    """One row a rating, on five points."""
    random = np.random.default_rng(seed)
    rater, case, method = (part.ravel() for part in np.meshgrid(range(15), range(20), range(5), indexing="ij"))
    eta = np.array([0.0, 0.3, 0.6, 0.9, -0.4])[method]
    eta = eta + 0.8 * random.normal(size=15)[rater] + random.normal(size=20)[case]
    eta = eta + 0.5 * random.normal(size=(15, 5))[rater, method] + 0.6 * random.normal(size=(20, 5))[case, method]
    latent = eta + random.logistic(size=len(eta))
    rating = np.digitize(latent, [-2.0, -0.5, 0.8, 2.2]) + 1
    names = np.array(["gradcam", "ig", "lime", "random", "shap"])
    frame = pd.DataFrame(
        {
            "rater": [f"r{index:02d}" for index in rater],
            "case": [f"c{index:02d}" for index in case],
            "method": names[method],
            "usefulness": rating,
        }
    )
    return frame[random.random(len(frame)) > 0.05]


if __name__ == "__main__":
    draw().to_csv(Path(__file__).with_name("crossed_data.csv"), index=False)
