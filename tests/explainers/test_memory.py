"""Forward-bound methods stay within their memory, whatever the image's size and the layer's width."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from explainers.methods import registry
from foundation.probing import Results
from foundation.targets import ClassTarget

# What the method asks for, few forward passes each.
METHODS: dict[str, dict[str, Any]] = {
    "occlusion": {"window": 256, "stride": 256},
    "kernel-shap": {"samples": 16},
    "permutation-shap": {"cells": 3, "pairs": 2},
    "rise": {"samples": 16},
    "lime": {"segments": "grid", "samples": 16},
}


def wide(channels: int, width: int) -> nn.Module:
    """A network that takes large images quickly, with a layer of `width` feature maps of 32 x 32."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.AvgPool2d(32),
        nn.Conv2d(channels, width, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 3),
    ).eval()


def peak_mb(
    name: str, parameters: dict[str, Any], memory_mb: float, *, channels: int = 1, width: int = 64, side: int = 1024
) -> float:
    """The most that stands at once of what the method makes, without its copy of the images, in MiB."""
    images = torch.rand((1, channels, side, side), generator=torch.Generator().manual_seed(0))
    method = registry.build(name, parameters)
    with Results() as results:
        method.explain_with_record(wide(channels, width), images, ClassTarget(1), memory_mb=memory_mb)
    return (results.peak - images.nbytes) / 2**20


@pytest.mark.parametrize("channels, memory_mb", [(1, 64), (1, 200), (3, 160)])
@pytest.mark.parametrize("name", METHODS)
def test_large_images_stay_within_the_memory(name: str, channels: int, memory_mb: float) -> None:
    assert peak_mb(name, METHODS[name], memory_mb, channels=channels) <= memory_mb


@pytest.mark.parametrize(
    "side, memory_mb", [(256, 12), pytest.param(1024, 64, marks=pytest.mark.slow, id="1024, as large as a radiograph")]
)
def test_score_cam_of_many_channels_stays_within_the_memory(side: int, memory_mb: float) -> None:
    # All 1,024 masked images at once would take 256 MiB and 4 GiB.
    assert peak_mb("score-cam", {}, memory_mb, width=1024, side=side) <= memory_mb


def test_more_memory_is_used_where_it_may_be() -> None:
    small, large = (peak_mb("kernel-shap", METHODS["kernel-shap"], memory_mb) for memory_mb in (64, 400))
    assert large > 2 * small
