"""Regions of a segmentation that a target can be laid over: masks `(B, H, W)` bool made from masks and raw outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

# Pixels that touch at a corner belong together.
WITH_DIAGONALS = np.ones((3, 3), dtype=int)


class RegionError(ValueError):
    """A region cannot be made from these masks."""


def predicted(output: Tensor, channel: int) -> Tensor:
    """Where the raw output `(B, K, H, W)` is highest in a channel, or positive if that is the only channel."""
    if output.ndim != 4:
        raise RegionError(f"A region is predicted by logits (B, K, H, W), not by a tensor {tuple(output.shape)}.")
    if not 0 <= channel < output.shape[1]:
        raise RegionError(f"Channel {channel} is out of range: the network has {output.shape[1]}.")
    return output[:, 0] > 0 if output.shape[1] == 1 else output.argmax(1) == channel


def component(mask: Tensor, rank: int = 1) -> Tensor:
    """The connected part (corners connect) that is `rank`-th in size, 1 the largest; of equals the one above is first.

    The region of an image with fewer parts is empty.
    """
    if rank < 1:
        raise RegionError(f"A component's rank is 1 for the largest, 2 for the next and so on, not {rank}.")
    return _image_by_image(mask, lambda image: _component(image, rank))


def boundary(mask: Tensor, width: float = 2) -> Tensor:
    """The band along the mask's outline: all pixels at most `width` pixels from a pixel on its other side.

    Distances are Euclidean, between pixel centres; the image's border is no outline.
    """
    if not width >= 1:
        raise RegionError(f"A boundary band is at least 1 pixel wide on either side, not {width:g}.")
    return _image_by_image(mask, lambda image: _boundary(image, width))


def false_positive(prediction: Tensor, truth: Tensor) -> Tensor:
    """What is predicted and is not there."""
    return _alike(prediction, truth) & ~truth.bool()


def false_negative(prediction: Tensor, truth: Tensor) -> Tensor:
    """What is there and is not predicted."""
    return ~_alike(prediction, truth) & truth.bool()


def _alike(prediction: Tensor, truth: Tensor) -> Tensor:
    if prediction.shape != truth.shape:
        raise RegionError(
            f"A prediction of shape {tuple(prediction.shape)} does not fit a reference mask {tuple(truth.shape)}."
        )
    return prediction.bool()


def _component(image: NDArray[np.bool_], rank: int) -> NDArray[np.bool_]:
    parts, count = ndimage.label(image, structure=WITH_DIAGONALS)
    if rank > count:
        return np.zeros_like(image)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    chosen = np.argsort(-sizes, kind="stable")[rank - 1] + 1
    return np.asarray(parts == chosen)


def _boundary(image: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    if image.all() or not image.any():
        return np.zeros_like(image)
    inside, outside = ndimage.distance_transform_edt(image), ndimage.distance_transform_edt(~image)
    return np.asarray(np.maximum(inside, outside) <= width)


def _image_by_image(mask: Tensor, make: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]) -> Tensor:
    if mask.ndim != 3:
        raise RegionError(f"Masks are (B, H, W), not {tuple(mask.shape)}.")
    made = [torch.from_numpy(make(image.cpu().numpy())) for image in mask.bool()]
    return torch.stack(made).to(mask.device)
