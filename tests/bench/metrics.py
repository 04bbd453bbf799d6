"""Every metric beside the same metric of quantus: in one run, at equal settings, on MONAI's ResNet-18."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from evaluation.metrics import registry
from foundation.targets import ClassTarget, Target
from tests.bench.figures import Race, figure
from tests.bench.peers import CLASSES, SIDE, input_gradient, quantus, setting

MODEL_FREE = "Metrics of the map alone, 16 images of 224 x 224: quantus over ours"
PERTURBING = "Metrics that run the network, ResNet-18, 1 x 224 x 224: quantus over ours"
STEPS = 28
PATCH = 56

# Ours, quantus', and what each is told.
OF_THE_MAP = {
    "sparseness": "Sparseness",
    "entropy": "Complexity",
    "effective-complexity": "EffectiveComplexity",
    "pointing-game": "PointingGame",
    "relevance-mass": "RelevanceMassAccuracy",
    "relevance-rank": "RelevanceRankAccuracy",
    "mask-auc": "AUC",
}


def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
    """The input gradient, as quantus is told to explain."""
    if not (isinstance(target, ClassTarget) and isinstance(target.index, Tensor)):
        raise TypeError("The bench explains classes.")
    return input_gradient(model, images, target.index).sum(1)


def race(
    name: str, peer: str, images: int, ours: dict[str, Any], theirs: dict[str, Any], *, anew: bool = False, repeats: int
) -> Race:
    """Our metric and quantus' of the same maps of the same images; `anew`: both explain by input gradients.

    Our ROAD is the difference between two orders of removal; quantus gives one, so it is asked for both.
    """
    given = setting("resnet18", images)
    metric, target = registry.build(name, ours), ClassTarget(given.classes)
    raw = input_gradient(given.model, given.images, given.classes).numpy() if anew else given.maps
    maps, masks = torch.from_numpy(raw)[:, 0], given.masks[:, 0]

    def score() -> object:
        return metric.score(given.model, given.images, maps, target, masks=masks, explain=explain)

    orders = (raw, raw.max() - raw) if name == "road" else (raw,)  # it refuses maps without a positive value
    return Race(score, lambda: [quantus(peer, given, explains=anew, maps=these, **theirs) for these in orders], repeats)


def enter(group: str, name: str, factor: float, **settings: Any) -> None:
    """A figure: quantus takes at least `factor` times as long."""

    @figure(group, name, at_least=factor)
    def measure() -> Race:
        return race(name, **settings)


for ours, theirs in OF_THE_MAP.items():
    enter(MODEL_FREE, ours, 10, peer=theirs, images=16, ours={}, theirs={}, repeats=5)


def perturbing(
    name: str, factor: float, peer: str, ours: dict[str, Any], *, images: int = 2, anew: bool = False, **theirs: Any
) -> None:
    """A figure of a metric that runs the network."""
    enter(PERTURBING, name, factor, peer=peer, images=images, ours=ours, theirs=theirs, anew=anew, repeats=2)


perturbing("pixel-flipping", 1, "PixelFlipping", {"steps": STEPS}, features_in_step=SIDE * SIDE // STEPS)
perturbing("faithfulness-estimate", 1, "FaithfulnessEstimate", {"steps": STEPS}, features_in_step=SIDE * SIDE // STEPS)
perturbing(
    "faithfulness-correlation",
    1,
    "FaithfulnessCorrelation",
    {"subsets": 100, "share": 224 / SIDE**2},
    nr_runs=100,
    subset_size=224,
    return_aggregate=False,
)
perturbing(
    "sensitivity-n",
    1,
    "SensitivityN",
    {"subsets": 22, "shares": (0.1,)},
    features_in_step=SIDE * SIDE // STEPS,
    return_aggregate=False,
)
perturbing("infidelity", 8, "Infidelity", {"side": PATCH}, images=1, perturb_patch_sizes=[PATCH])
perturbing("irof", 1, "IROF", {"cells": 10}, images=1, return_aggregate=False)
perturbing("road", 5, "ROAD", {}, images=1, percentages=list(range(10, 100, 10)))
perturbing("max-sensitivity", 1, "MaxSensitivity", {"draws": 10}, anew=True, nr_samples=10)
perturbing("avg-sensitivity", 1, "AvgSensitivity", {"draws": 10}, anew=True, nr_samples=10)
perturbing("random-logit", 1, "RandomLogit", {}, images=8, anew=True, num_classes=CLASSES)
perturbing("model-randomisation", 1, "MPRT", {"steps": 1000}, images=1, anew=True)
perturbing(
    "smooth-model-randomisation", 1, "SmoothMPRT", {"steps": 1000, "draws": 2}, images=1, anew=True, nr_samples=2
)
