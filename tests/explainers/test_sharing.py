"""One plan of several methods: each distinct perturbed input runs once, and the maps are those of single calls."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from explainers import explain_all
from explainers.base import Explainer
from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import build, picture

# The methods that ask the network about perturbed images, small enough for a test.
PLAN: dict[str, tuple[str, dict[str, Any]]] = {
    "kernel": ("kernel-shap", {"cells": 3, "samples": 30}),
    "kernel, more": ("kernel-shap", {"cells": 3, "samples": 40}),
    "permutation": ("permutation-shap", {"cells": 3, "pairs": 2}),
    "lime": ("lime", {"segments": "grid", "cells": 3, "samples": 30}),
    "rise": ("rise", {"samples": 20}),
    "partition": ("partition-shap", {"evaluations": 30}),
    "occlusion": ("occlusion", {"window": 16, "stride": 8}),
    "occlusion, wide steps": ("occlusion", {"window": 16, "stride": 16}),
    "score-cam": ("score-cam", {}),
    "other class": ("wrong-class-map", {"of": "kernel-shap"}),
}


def plan(leave_out: tuple[str, ...] = ()) -> dict[str, Explainer]:
    return {label: registry.build(*part) for label, part in PLAN.items() if label not in leave_out}


def counted(model: nn.Module) -> tuple[Counter[bytes], Any]:
    """How often each image has gone through the network or a copy of it, -0 and 0 counted as one."""
    seen: Counter[bytes] = Counter()

    def count(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        seen.update(image.numpy().tobytes() for image in (arguments[0].detach() + 0.0).contiguous())

    return seen, model.register_forward_hook(count)


def target_of(kind: str) -> Target:
    if kind == "resnet":
        return ClassTarget(1)
    mask = torch.zeros((3, 32, 32), dtype=torch.bool)
    mask[0, 2:20, 5:25], mask[1, 8:30, 8:30], mask[2, :9, :] = True, True, True
    return RegionTarget(1, mask)


@pytest.mark.parametrize("kind", ["resnet", "unet"])
def test_each_distinct_perturbed_input_runs_once(kind: str) -> None:
    model, images = build(kind), picture(3)
    # The map of another channel needs other values of a segmenter, so that it is left out there.
    methods = plan(() if kind == "resnet" else ("other class",))
    seen, handle = counted(model)
    explain_all(model, images, target_of(kind), methods, seed=2)
    handle.remove()

    whole = {image.numpy().tobytes() for image in images}
    perturbed = Counter({image: count for image, count in seen.items() if image not in whole})
    blank = torch.zeros_like(images[0]).numpy().tobytes()
    assert len(perturbed) > 150
    assert perturbed.pop(blank) == (1 if kind == "resnet" else 3)  # a region's value is each image's own
    assert set(perturbed.values()) == {1}


@pytest.mark.parametrize("kind", ["resnet", "unet"])
@pytest.mark.parametrize("memory_mb", [0.05, 1024])
def test_the_maps_are_those_of_single_calls(kind: str, memory_mb: float) -> None:
    model, images, target = build(kind), picture(3), target_of(kind)
    together = explain_all(model, images, target, plan(), seed=2, memory_mb=memory_mb)
    for label, method in plan().items():
        alone = method.explain(model, images, target, seed=2)
        torch.testing.assert_close(together[label], alone, rtol=1e-4, atol=1e-5 * float(alone.abs().max()))


def test_the_order_of_the_methods_does_not_matter() -> None:
    model, images = build("unet"), picture(3)
    first = explain_all(model, images, target_of("unet"), plan(), seed=2)
    last = explain_all(model, images, target_of("unet"), dict(reversed(plan().items())), seed=2)
    for label, maps in first.items():
        torch.testing.assert_close(last[label], maps, rtol=1e-4, atol=1e-5 * float(maps.abs().max()))
