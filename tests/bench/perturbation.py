"""Forward-bound methods beside the bare forward passes that they need, beside their peers, and beside their memory."""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter
from typing import Any

import torch
from monai.networks.nets.resnet import ResNet, resnet18
from torch import Tensor, nn

from explainers import explain_all
from explainers.methods import registry
from foundation.forwards import Forwards
from foundation.targets import ClassTarget
from tests.bench.figures import Act, Race, figure, peak_mb, seconds
from tests.bench.peers import SEGMENTS, Setting, captum, grad_cam, setting

BARE = "Forward-bound methods over the bare forwards they need in their best configuration, ResNet-18 at 224 x 224"
SMALL = "Forward-bound methods beyond 1.1 bare forwards, ms a forward, small ResNet at 160 x 160"
TOGETHER = "All forward-bound methods in one plan, ResNet-18 at 128 x 128"
PEERS = "Forward-bound methods: the peer's time over ours, as many forwards"
MEMORY = "Forward-bound methods at 1024 x 1024: peak of resident memory over the budget"

# Small numbers of forward passes, so that each figure takes seconds; peers are raced over about 200, as they are used.
METHODS: dict[str, dict[str, Any]] = {
    "score-cam": {"layer": "layer1"},
    "occlusion": {"window": 64, "stride": 32},
    "kernel-shap": {"samples": 46},
    "permutation-shap": {"cells": 4, "pairs": 2},
    "rise": {"samples": 48},
    "lime": {"segments": "grid", "samples": 48},
}


def _explain(name: str, model: nn.Module, images: Tensor) -> Act:
    method = registry.build(name, METHODS[name])
    return lambda: method.explain(model, images, ClassTarget(1))


def _distinct(act: Act, model: nn.Module) -> int:
    """How many different images a hook on the network and its copies sees during a call."""
    seen: Counter[bytes] = Counter()
    handle = model.register_forward_hook(
        lambda module, arguments, output: seen.update(image.numpy().tobytes() for image in arguments[0].contiguous())
    )
    act()
    handle.remove()
    return len(seen)


def _bare(model: nn.Module, images: Tensor, count: int) -> Act:
    """So many forward passes as fast as they can be at equal values, the network's preparation included."""
    image = images[:1]

    def run() -> None:
        forwards = Forwards(model, image)
        with torch.no_grad():
            for start in range(0, count, forwards.size):
                chunk = image.expand(min(forwards.size, count - start), -1, -1, -1)
                forwards.network(chunk.contiguous(memory_format=forwards.layout))

    return run


def _race(name: str) -> Race:
    given = setting("resnet18", 1)
    ours = _explain(name, given.model, given.images)
    return Race(ours, _bare(given.model, given.images, _distinct(ours, given.model)), repeats=3)


def _beyond(name: str) -> float:
    torch.manual_seed(0)
    model = ResNet("basic", [1, 1, 1, 1], [16, 32, 64, 64], spatial_dims=2, n_input_channels=1, num_classes=3).eval()
    images = torch.randn(1, 1, 160, 160)
    ours = _explain(name, model, images)
    count = _distinct(ours, model)
    bare = _bare(model, images, count)
    pairs = [(seconds(ours), seconds(bare)) for _ in range(6)][1:]
    return statistics.median(1000 * (mine - 1.1 * limit) / count for mine, limit in pairs)


def _enter(name: str) -> None:
    """Each method's two figures."""

    @figure(BARE, name, at_most=1.10)
    def over_bare() -> Race:
        return _race(name)

    @figure(SMALL, name, at_most=0.6)
    def beyond_bare() -> float:
        return _beyond(name)


for entered in METHODS:
    _enter(entered)


@figure(TOGETHER, "over the distinct forwards", at_most=1.10)
def together() -> Race:
    """Six methods; each distinct masked image runs once."""
    torch.manual_seed(0)
    model = resnet18(spatial_dims=2, n_input_channels=1, num_classes=3, conv1_t_stride=2).eval()
    images = torch.randn(2, 1, 128, 128)
    methods = {name: registry.build(name, parameters) for name, parameters in METHODS.items()}

    def ours() -> object:
        return explain_all(model, images, ClassTarget(1), methods)

    return Race(ours, _bare(model, images, _distinct(ours, model)), repeats=3)


def _peers(network: str, layer: str) -> dict[str, tuple[Act, Act]]:
    """Ours and the peer's call by name."""
    given = dataclasses.replace(setting(network, 1), layer_name=layer)
    theirs = given.first(1)
    target = ClassTarget(given.classes)

    def ours(name: str, **parameters: object) -> Act:
        return lambda: registry.build(name, dict(parameters)).explain(given.model, given.images, target)

    return {
        "score-cam over pytorch_grad_cam": (
            ours("score-cam", layer=layer),
            lambda: grad_cam("ScoreCAM", theirs, batch=16),
        ),
        "occlusion over captum": (ours("occlusion", window=32, stride=16), lambda: _captum_occlusion(theirs)),
        "kernel-shap over captum": (ours("kernel-shap", samples=198), lambda: _captum_kernel_shap(theirs, 200)),
    }


def _captum_occlusion(given: Setting) -> Tensor:
    options: dict[str, Any] = {"sliding_window_shapes": (1, 32, 32), "strides": (1, 16, 16)}
    return captum("Occlusion", given, perturbations_per_eval=16, **options)


def _captum_kernel_shap(given: Setting, samples: int) -> Tensor:
    return captum("KernelShap", given, feature_mask=SEGMENTS, n_samples=samples, perturbations_per_eval=16)


def _enter_peers(network: str, layer: str, at_least: float) -> None:
    def entered(name: str) -> None:
        @figure(PEERS, f"{name}, {network}", at_least=at_least)
        def beside_peer() -> Race:
            return Race(*_peers(network, layer)[name], repeats=2)

    for title in ("score-cam over pytorch_grad_cam", "occlusion over captum", "kernel-shap over captum"):
        entered(title)


_enter_peers("resnet18", "layer1", at_least=1.4)
_enter_peers("unet", "segmenter.conv_0", at_least=1.15)


def _peak(name: str, parameters: dict[str, Any]) -> float:
    """The peak over a budget of 128 MiB, of a network whose layer has 1,024 maps."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.AvgPool2d(32), nn.Conv2d(1, 1024, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 3)
    ).eval()
    images, method = torch.rand(1, 1, 1024, 1024), registry.build(name, parameters)
    return peak_mb(lambda: method.explain_with_record(model, images, ClassTarget(1), memory_mb=128)) / 128


@figure(MEMORY, "score-cam, 1,024 channels", at_most=1.0)
def score_cam_memory() -> float:
    """All masked images at once would take 4 GiB."""
    return _peak("score-cam", {})


@figure(MEMORY, "kernel-shap", at_most=1.0)
def kernel_shap_memory() -> float:
    """Masked images are made in chunks."""
    return _peak("kernel-shap", {})


@figure(MEMORY, "rise", at_most=1.0)
def rise_memory() -> float:
    """Masks are drawn again where they are needed."""
    return _peak("rise", {"samples": 100})
