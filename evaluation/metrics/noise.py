"""Maps of noisy copies of the images: what robustness metrics and smoothed explanations stand on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from evaluation.metrics.inputs import Inputs, MetricError, checked_maps
from foundation.seeds import derive

Kind = Literal["uniform", "normal"]


def image_range(images: Tensor) -> Tensor:
    """The greatest less the least value of each image `(B, C, H, W)`: `(B, 1, 1, 1)`."""
    return images.amax((1, 2, 3), keepdim=True) - images.amin((1, 2, 3), keepdim=True)


def noisy_maps(inputs: Inputs, model: nn.Module, draws: int, kind: Kind, size: float) -> Iterator[Tensor]:
    """For each draw the maps `(B, H, W)` of the images with noise, made anew by way of `explain`.

    The noise is uniform up to `size` either way, or normal with that s.d., both as shares of an image's own range. It
    depends on the seed and the draw: every image, model and metric meets the same, as far as their size lets them.
    """
    if inputs.explain is None or inputs.target is None:
        raise MetricError("This metric needs the function that made the maps (explain).")
    images = inputs.images
    for draw in range(draws):
        generator = torch.Generator().manual_seed(derive(inputs.seed, "noise", kind, draw))
        if kind == "uniform":
            noise = 2 * torch.rand(images.shape[1:], generator=generator) - 1
        else:
            noise = torch.randn(images.shape[1:], generator=generator)
        noisy = images + size * image_range(images) * noise.to(images)
        with torch.enable_grad():
            maps = inputs.explain(model, noisy, inputs.target)
        yield checked_maps(images, maps)
