"""What each peer takes beside the forward and backward passes that its task inherently needs.

`python -m tests.bench.peer_rows --model resnet18 --only quantus` prints a row for each task.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from tests.bench.figures import peak_mb, seconds
from tests.bench.peers import (
    CAM_CHANNELS,
    CLASSES,
    SEGMENTS,
    SIDE,
    Setting,
    captum,
    forward,
    grad_cam,
    images,
    input_gradient,
    monai,
    quantus,
    setting,
    shap_partition,
)

STEP = SIDE * SIDE // 28  # pixels that pixel flipping takes away at a time


@dataclass(frozen=True)
class Task:
    """A peer at work: what it does, how many images at a time, and the passes `(forward, backward)` an image needs."""

    peer: str
    name: str
    act: Callable[[Setting], object]
    forwards: int
    backwards: int = 0
    images: int = 4


def tasks(channels: int) -> Iterator[Task]:
    """All tasks, for a network whose CAM layer has so many channels."""
    for name in ("GradCAM", "GradCAMPlusPlus", "LayerCAM", "EigenCAM", "XGradCAM", "HiResCAM"):
        yield Task("grad-cam", name, partial(grad_cam, name), 1, images=16)
    yield Task("grad-cam", "ScoreCAM", partial(grad_cam, "ScoreCAM"), 1 + channels, images=1)
    yield Task("grad-cam", "AblationCAM", partial(grad_cam, "AblationCAM"), 1, images=1)
    yield Task("monai", "GradCAM", partial(monai, "GradCAM"), 1)
    yield Task("captum", "LayerGradCam", partial(captum, "LayerGradCam", layer=True), 1, images=16)
    yield Task("captum", "Saliency", partial(captum, "Saliency"), 1, 1, 16)
    yield Task("captum", "LRP", partial(captum, "LRP"), 1, 1)
    yield Task("captum", "IntegratedGradients", partial(captum, "IntegratedGradients", n_steps=50), 50, 50)
    noisy = partial(captum, "GradientShap", baselines=images(8, seed=9)[0], n_samples=10)
    yield Task("captum", "GradientShap", noisy, 10, 10)
    window = partial(captum, "Occlusion", sliding_window_shapes=(1, 16, 16), strides=(1, 8, 8))
    yield Task("captum", "Occlusion", partial(window, perturbations_per_eval=16), 730, images=1)
    for name, samples, passes in (("KernelShap", 200, 200), ("Lime", 200, 200), ("ShapleyValueSampling", 2, 99)):
        act = partial(captum, name, feature_mask=SEGMENTS, n_samples=samples, perturbations_per_eval=16)
        yield Task("captum", name, act, passes, images=1)
    yield Task("shap", "PartitionExplainer", shap_partition, 200, images=1)


FAITHFULNESS: dict[str, tuple[int, dict[str, Any]]] = {
    "PixelFlipping": (28, {"features_in_step": STEP}),
    "RegionPerturbation": (50, {"patch_size": 32, "regions_evaluation": 49}),
    "FaithfulnessCorrelation": (101, {"nr_runs": 100, "subset_size": 224, "return_aggregate": False}),
    "FaithfulnessEstimate": (29, {"features_in_step": STEP}),
    "SensitivityN": (23, {"features_in_step": STEP, "return_aggregate": False}),
    "Infidelity": (17, {"perturb_patch_sizes": [56], "n_perturb_samples": 1}),
    "IROF": (91, {"return_aggregate": False}),
    "ROAD": (9, {"percentages": list(range(10, 100, 10))}),
}
EXPLAIN_AGAIN: dict[str, tuple[int, dict[str, Any]]] = {
    "MaxSensitivity": (11, {"nr_samples": 10}),
    "AvgSensitivity": (11, {"nr_samples": 10}),
    "RandomLogit": (2, {"num_classes": CLASSES}),
    "EfficientMPRT": (3, {}),
}
OF_THE_MAP_ALONE = (
    "Sparseness",
    "Complexity",
    "EffectiveComplexity",
    "PointingGame",
    "RelevanceMassAccuracy",
    "RelevanceRankAccuracy",
    "AttributionLocalisation",
    "AUC",
)


def metrics() -> Iterator[Task]:
    """Quantus' metrics; those that explain again make their first maps in the row itself."""
    for name, (passes, options) in FAITHFULNESS.items():
        yield Task("quantus", name, partial(quantus, name, **options), passes)
    for name, (passes, options) in EXPLAIN_AGAIN.items():
        yield Task("quantus", name, partial(quantus, name, explains=True, **options), passes, passes)
    for name in OF_THE_MAP_ALONE:
        yield Task("quantus", name, partial(quantus, name), 0, images=16)


def row(task: Task, given: Setting) -> str:
    """The task's milliseconds an image, beside the passes that it needs, and by how many MiB memory rose."""
    given = given.first(task.images)
    if task.peer == "quantus":
        _ = given.maps  # made before the clock runs
    passes = seconds(lambda: forward(given.model, given.images)) * task.forwards
    if task.backwards:
        both = seconds(lambda: input_gradient(given.model, given.images, given.classes))
        passes += both * task.backwards - passes * task.backwards / task.forwards
    spent: list[float] = []
    rose = peak_mb(lambda: spent.append(seconds(lambda: task.act(given))))
    taken, limit = (1000 * value / task.images for value in (spent[0], passes))
    ratio = f"{taken / limit:7.2f}" if limit else "      -"
    return f"{task.peer:9} {task.name:24} {taken:10.1f} ms  needs {limit:10.1f} ms  {ratio}  {rose:6.0f} MiB"


def main() -> int:
    """Print the rows; status 1 when a peer fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peer_rows", description=__doc__)
    parser.add_argument("--model", default="resnet18", choices=list(CAM_CHANNELS))
    parser.add_argument("--only", default="", help="only tasks whose peer or name holds this text")
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = setting(options.model)
    forward(given.model, given.images)
    failed = 0
    for task in (*tasks(CAM_CHANNELS[options.model]), *metrics()):
        if options.only.lower() not in f"{task.peer} {task.name}".lower():
            continue
        try:
            print(row(task, given), flush=True)
        except Exception as error:  # a row that a peer cannot do is a finding, not the end
            failed += 1
            print(f"{task.peer:9} {task.name:24} fails: {type(error).__name__}: {str(error)[:120]}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
