"""Scores of quantus 0.6.0, where it is right, from golden/quantus.json (made by golden/make_quantus.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from evaluation.metrics import registry
from evaluation.metrics.imputation import imputed
from foundation.targets import ClassTarget
from tests.evaluation.metrics.golden import case

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "quantus.json").read_text(encoding="utf-8"))
TARGET = ClassTarget(torch.tensor(case.TARGETS))
# Its outputs are probabilities, its steps eighths of the image; it removes with zero.
STEPS = {"steps": 8, "scale": "probability"}


def scored(name: str, **fields: Any) -> list[float]:
    metric = registry.build(name, fields)
    return metric.score(case.network(), case.images(), case.maps(), TARGET, masks=case.masks()).tolist()


@pytest.mark.parametrize(
    "name", ["sparseness", "entropy", "pointing-game", "relevance-mass", "relevance-rank", "mask-auc"]
)
def test_metrics_of_the_map_alone(name: str) -> None:
    """Positive maps without ties: on others it breaks ties by place, or gives NaN and negative shares."""
    assert scored(name) == pytest.approx(GOLDEN["scores"][name], abs=1e-5)


def test_pixel_flipping() -> None:
    """It gives the curve without its first point, the output of the whole image; ours is the mean fall along it."""
    with torch.no_grad():
        whole = case.network()(case.images()).softmax(1)[range(case.IMAGES), list(case.TARGETS)].tolist()
    wanted = [
        sum(first - point for point in curve) / (len(curve) + 1)
        for first, curve in zip(whole, GOLDEN["scores"]["pixel-flipping"], strict=True)
    ]
    assert scored("pixel-flipping", **STEPS) == pytest.approx(wanted, abs=1e-5)


def test_roads_imputation() -> None:
    """Its sparse solver, on the two sets of most influential pixels; the score built on it drops batches."""
    image, order = case.images()[:1], case.maps()[0].flatten().argsort(descending=True)
    for count, wanted in zip((60, 180), GOLDEN["imputed"], strict=True):
        removed = torch.zeros(case.SIDE**2, dtype=torch.bool)
        removed[order[:count]] = True
        found = imputed(image, removed.view(1, case.SIDE, case.SIDE)).flatten()
        torch.testing.assert_close(found, torch.tensor(wanted), rtol=0, atol=3e-4)


def test_the_golden_file_is_of_the_version_that_is_named() -> None:
    assert GOLDEN["quantus"] == "0.6.0"
