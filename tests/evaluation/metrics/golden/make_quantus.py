"""Write quantus.json: what quantus 0.6.0 scores where it is right; run with what requirements-bench.txt installs.

`python -m tests.evaluation.metrics.golden.make_quantus`
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.bench.peers import Setting, importable, quantus
from tests.evaluation.metrics.golden import case

STEP = case.SIDE * case.SIDE // 8
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "sparseness": ("Sparseness", {}),
    "entropy": ("Complexity", {}),
    "pointing-game": ("PointingGame", {}),
    "relevance-mass": ("RelevanceMassAccuracy", {}),
    "relevance-rank": ("RelevanceRankAccuracy", {}),
    "mask-auc": ("AUC", {}),
    "pixel-flipping": ("PixelFlipping", {"features_in_step": STEP, "perturb_baseline": 0.0}),
}


def imputed() -> list[list[float]]:
    """The first image of the case with each of two sets of pixels imputed, without noise."""
    importable()
    functions = importlib.import_module("quantus.functions.perturb_func")
    image = case.images()[0].numpy()
    order = np.argsort(-case.maps()[0].numpy().ravel())
    return [
        functions.noisy_linear_imputation(image.astype(np.float64), order[:count], noise=0.0).ravel().tolist()
        for count in (60, 180)
    ]


def main() -> None:
    """Score and write."""
    given = Setting(case.network(), "0", case.images(), torch.tensor(case.TARGETS), case.masks()[:, None])
    maps = case.maps()[:, None].numpy()
    scores = {
        name: np.asarray(quantus(peer, given, maps=maps, **options), dtype=float).tolist()
        for name, (peer, options) in RUNS.items()
    }
    found = {"quantus": importlib.metadata.version("quantus"), "scores": scores, "imputed": imputed()}
    path = Path(__file__).with_name("quantus.json")
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
