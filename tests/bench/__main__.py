"""`make bench`: how fast we are, each figure a ratio of two things measured in turn within one run."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from captum.attr import IntegratedGradients, LayerGradCam
from monai.networks.nets.resnet import resnet18
from torch import Tensor, nn

from explainers import explain_all
from explainers.methods import registry
from foundation.targets import ClassTarget
from portal.networks.training import train

REPEATS = 5
IMAGES, SIDE, CLASSES = 4, 128, 3


@dataclass(frozen=True)
class Comparison:
    """Ours and what it is held against; `ceiling` is the ratio that we promise not to exceed."""

    title: str
    ours: Callable[[], object]
    other: Callable[[], object]
    ceiling: float


def seconds(act: Callable[[], object]) -> float:
    """Process time of one call, so that another program on the machine does not count."""
    start = time.process_time()
    act()
    return time.process_time() - start


def ratio(comparison: Comparison) -> tuple[float, float, float]:
    """Median, lowest and highest ratio over alternating pairs, after one pair to warm up."""
    found = [seconds(comparison.ours) / seconds(comparison.other) for _ in range(REPEATS + 1)][1:]
    return statistics.median(found), min(found), max(found)


def comparisons() -> list[Comparison]:
    """What is measured."""
    torch.manual_seed(0)
    model = resnet18(spatial_dims=2, n_input_channels=1, num_classes=CLASSES, conv1_t_stride=2).eval()
    images = torch.randn(IMAGES, 1, SIDE, SIDE)
    target = ClassTarget(1)

    def explain(name: str, **parameters: object) -> Callable[[], object]:
        return lambda: registry.build(name, dict(parameters)).explain(model, images, target)

    family = {name: registry[name]() for name in ("grad-cam", "grad-cam++")}
    return [
        Comparison("CAM family over one bare forward", lambda: explain_all(model, images, target, family),
                   lambda: _forward(model, images), 2.0),
        Comparison("Grad-CAM over captum's", explain("grad-cam"),
                   lambda: LayerGradCam(model, model.layer4).attribute(images, 1, relu_attributions=True), 1.5),
        Comparison("LRP over a forward and an input gradient", explain("lrp"),
                   lambda: _input_gradient(model, images), 4.0),
        Comparison("Integrated gradients over captum's default", explain("integrated-gradients", most_steps=50),
                   lambda: IntegratedGradients(model).attribute(images, target=1, n_steps=50), 1.5),
    ]  # fmt: skip


def retraining() -> Iterator[tuple[str, float]]:
    """Each demo network's short training on the clock, as a share of the time that it may take on two cores."""
    torch.set_num_threads(os.cpu_count() or 1)
    for slug, allowed in (("chest-clean", 30.0), ("chest-shortcut", 30.0), ("nodule-unet", 60.0)):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            train(slug, Path(folder) / slug, seed=1, quick=True)
            yield f"Training {slug} over its {allowed:.0f} s", (time.perf_counter() - start) / allowed


def _forward(model: nn.Module, images: Tensor) -> Tensor:
    with torch.inference_mode():
        output: Tensor = model(images)
    return output


def _input_gradient(model: nn.Module, images: Tensor) -> Tensor:
    inputs = images.clone().requires_grad_(True)
    return torch.autograd.grad(model(inputs)[:, 1].sum(), inputs)[0]


def main() -> int:
    """Print a table; status 1 when a promise is broken."""
    torch.set_num_threads(1)
    print(f"MONAI ResNet-18, {IMAGES} images of {SIDE} x {SIDE}, 1 thread, median of {REPEATS} pairs (lowest, highest)")
    broken = 0
    for comparison in comparisons():
        middle, low, high = ratio(comparison)
        broken += middle > comparison.ceiling
        mark = "broken" if middle > comparison.ceiling else "kept"
        print(f"{comparison.title:46} {middle:5.2f} ({low:.2f}, {high:.2f})   at most {comparison.ceiling:.1f}: {mark}")
    for title, share in retraining():
        broken += share > 1.0
        print(f"{title:46} {share:5.2f}                 at most 1.0: {'broken' if share > 1.0 else 'kept'}")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
