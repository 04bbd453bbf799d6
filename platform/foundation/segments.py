"""Images cut into segments: what Shapley methods share out among, and what segment-wise metrics take away."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

Cut = Literal["grid", "superpixels"]


class SegmentError(ValueError):
    """An image cannot be cut into so few segments."""


def segments_of(image: Tensor, cut: Cut, cells: int) -> Tensor:
    """Labels 0..M-1 of the pixels of an image `(C, H, W)`: a LongTensor `(H, W)`.

    `grid` has `cells` rows and columns (fewer where the image has fewer pixels); `superpixels` are SLIC's, about
    `cells * cells` of them.
    """
    if cells < 1:
        raise SegmentError(f"An image is cut into at least one cell a side, not {cells}.")
    if cut == "grid":
        return _grid(image.shape[1], image.shape[2], cells).to(image.device)
    return _superpixels(image, cells * cells)


def _grid(height: int, width: int, cells: int) -> Tensor:
    rows, columns = min(cells, height), min(cells, width)
    row, column = (torch.arange(side) * parts // side for side, parts in ((height, rows), (width, columns)))
    return row[:, None] * columns + column[None, :]


def _superpixels(image: Tensor, count: int) -> Tensor:
    from skimage.segmentation import slic  # slow to import, and only needed here

    pixels = image.detach().permute(1, 2, 0).cpu().double().numpy()
    span = np.ptp(pixels)
    pixels = (pixels - pixels.min()) / (span or 1)
    labels = slic(pixels, n_segments=count, compactness=0.1, start_label=0, channel_axis=-1, convert2lab=False)
    _, labels = np.unique(labels, return_inverse=True)
    return torch.from_numpy(labels.reshape(pixels.shape[:2])).long().to(image.device)
