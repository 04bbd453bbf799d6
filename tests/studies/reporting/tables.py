"""A long table with known effects, as small as the analyses allow."""

from __future__ import annotations

import numpy as np
import pandas as pd

METHODS = {"grad-cam": 0.6, "lrp": 0.2, "random-map": -1.5, "edge-map": -0.4}
CONTROLS = {"random-map", "edge-map"}


def ratings(readers: int = 10, cases: int = 12, seed: int = 1) -> pd.DataFrame:
    """Usefulness ratings of four methods whose effects are those of METHODS."""
    random = np.random.default_rng(seed)
    of_reader, of_case = random.normal(0, 0.5, readers), random.normal(0, 0.5, cases)
    rows = []
    for reader in range(readers):
        for case in range(cases):
            for method, effect in METHODS.items():
                latent = effect + of_reader[reader] + of_case[case] + random.logistic(0, 0.7)
                score = 1 + int(np.searchsorted([-1.5, -0.5, 0.5, 1.5], latent))
                rows.append(
                    {
                        "study": "s",
                        "protocol_hash": "0" * 64,
                        "run_kind": "bot",
                        "reader": f"R{reader:02d}",
                        "case": f"case-{case:02d}",
                        "dataset": "d",
                        "is_phantom": True,
                        "network": "net",
                        "network_task": "classification",
                        "block": "usefulness",
                        "task": "usefulness",
                        "occurrence": 1,
                        "arm": "A",
                        "method": method,
                        "control": method in CONTROLS,
                        "question": "coverage",
                        "answer": score,
                        "score": float(score),
                        "excluded_by": "",
                        "explanation": f"{case}-{method}",
                        "seconds_to_explain": 0.1,
                        "metric.deletion": 0.5 - 0.2 * effect + 0.02 * of_case[case],
                        "metric.pointing-game": float(effect > 0),
                    }
                )
    return pd.DataFrame(rows)
