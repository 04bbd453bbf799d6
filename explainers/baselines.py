"""What an image is replaced by where a method takes something away."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from explainers.smoothing import blurred

Baseline = Literal["zero", "mean", "blur"]

# Standard deviation of the blurred baseline, in image sides.
BLUR = 0.1


def baseline_images(images: Tensor, baseline: Baseline) -> Tensor:
    """Baselines `(B, C, H, W)`: zeros, each image's own mean by channel, or the image strongly blurred."""
    if baseline == "zero":
        return torch.zeros_like(images)
    if baseline == "mean":
        return images.mean((2, 3), keepdim=True).expand_as(images)
    return blurred(images, BLUR * max(images.shape[2:]))
