"""On a CUDA device: our throughput as a share of the bare passes that a method needs, in full float32.

The figures are entered only where there is such a device; otherwise the bench says that they have not been measured.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import Tensor, nn

from explainers.methods import registry
from foundation.targets import ClassTarget
from tests.bench.figures import Act, figure
from tests.bench.peers import input_gradient, network

GROUP = "CUDA: throughput as a share of bare passes, MONAI ResNet-18 at 224 x 224, TF32 off"
REPEATS, IMAGES, CHUNK = 5, 16, 256


def elapsed(act: Act, device: torch.device) -> float:
    """Wall seconds of a call, with all that it started on the device."""
    _wait(device)
    start = time.perf_counter()
    act()
    _wait(device)
    return time.perf_counter() - start


def share(ours: Act, bare: Act, device: torch.device, repeats: int = REPEATS) -> float:
    """The bare passes' time over ours, median of alternating pairs after one to warm up."""
    pairs = [(elapsed(bare, device), elapsed(ours, device)) for _ in range(repeats + 1)]
    return statistics.median(bare_time / ours_time for bare_time, ours_time in pairs[1:])


def forwards(model: nn.Module, image: Tensor, count: int) -> Act:
    """`count` bare forward passes of an image, in chunks as large as pay."""

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, count, CHUNK):
                model(image.expand(min(CHUNK, count - start), -1, -1, -1))

    return run


def perturbation_share(name: str, count: int, device: torch.device, **parameters: object) -> float:
    """The share of a method that needs `count` forward passes an image."""
    model, image = _setting(device, 1)
    method = registry.build(name, dict(parameters))
    return share(lambda: method.explain(model, image, ClassTarget(1)), forwards(model.eval(), image, count), device)


def gradient_share(name: str, passes: int, device: torch.device, **parameters: object) -> float:
    """The share of a method that needs so many input gradients an image."""
    model, images = _setting(device, IMAGES)
    classes = torch.ones(len(images), dtype=torch.long, device=device)
    method = registry.build(name, dict(parameters))

    def bare() -> None:
        for _ in range(passes):
            input_gradient(model, images, classes)

    return share(lambda: method.explain(model, images, ClassTarget(1)), bare, device)


def _setting(device: torch.device, count: int) -> tuple[nn.Module, Tensor]:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    generator = torch.Generator().manual_seed(0)
    return network("resnet18")[0].to(device), torch.randn(count, 1, 224, 224, generator=generator).to(device)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if torch.cuda.is_available():
    DEVICE = torch.device("cuda")

    @figure(GROUP, "occlusion over its 730 forwards", at_least=0.85)
    def occlusion() -> float:
        """Squares of 16 every 8 pixels: 27 x 27 and the image itself."""
        return perturbation_share("occlusion", 27 * 27 + 1, DEVICE, window=16, stride=8)

    @figure(GROUP, "Score-CAM over its 513 forwards", at_least=0.85)
    def score_cam() -> float:
        """One forward for each of the last layer's channels, and one of the image."""
        return perturbation_share("score-cam", 513, DEVICE)

    @figure(GROUP, "saliency over an input gradient", at_least=0.75)
    def saliency() -> float:
        """One pass forward and back."""
        return gradient_share("saliency", 1, DEVICE)

    @figure(GROUP, "integrated gradients over its 50 input gradients", at_least=0.75)
    def integrated_gradients() -> float:
        """Fifty steps and no more."""
        return gradient_share("integrated-gradients", 50, DEVICE, steps=50, most_steps=50)
