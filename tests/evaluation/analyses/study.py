"""A small study with known effects, in the shape of the exported long table."""

from __future__ import annotations

import numpy as np
import pandas as pd

METHODS = {"grad-cam": 1.2, "ig": 0.0, "lime": 0.1, "random-map": -2.0}
FAITHFULNESS = {"grad-cam": 0.2, "ig": 0.6, "lime": 0.25, "random-map": 0.0}


def usefulness_table(readers: int = 12, cases: int = 16, seed: int = 0) -> pd.DataFrame:
    """Coverage and extraneous on five points: grad-cam is liked, ig is faithful, random-map neither."""
    random = np.random.default_rng(seed)
    rows = []
    reader_effect, case_effect = random.normal(0, 0.7, readers), random.normal(0, 0.8, cases)
    fidelity = {
        (case, method): value + 0.08 * random.normal()
        for case in range(cases)
        for method, value in FAITHFULNESS.items()
    }
    for reader in range(readers):
        for case in range(cases):
            for method, effect in METHODS.items():
                eta = effect + reader_effect[reader] + case_effect[case]
                for question in ("coverage", "extraneous"):
                    score = int(np.digitize(eta + random.logistic(), [-2.5, -0.8, 0.8, 2.5])) + 1
                    answer = score if question == "coverage" else 6 - score
                    rows.append(
                        {
                            "study": "demo",
                            "run_kind": "live",
                            "reader": f"r{reader:02d}",
                            "case": f"c{case:02d}",
                            "task": "usefulness",
                            "occurrence": 1,
                            "method": method,
                            "control": method == "random-map",
                            "question": question,
                            "answer": answer,
                            "score": float(score),
                            "ai_correct": case % 4 != 0,
                            "excluded_by": "",
                            "metric.deletion": 1.0 - fidelity[case, method],
                            "metric.srg": fidelity[case, method],
                            "seconds_to_explain": 0.5 if method == "grad-cam" else 2.0,
                        }
                    )
    return pd.DataFrame(rows)
