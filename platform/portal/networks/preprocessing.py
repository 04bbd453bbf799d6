"""From stored pixels to what a network reads, and masks along with them: numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portal.networks.description import Preprocessing


class PreprocessingError(ValueError):
    """The image cannot be prepared for this network."""


def prepare(pixels: NDArray[np.generic], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """`(H, W)` or `(H, W, 3)` stored pixels -> `(C, h, w)` float32, a network's input without the batch axis."""
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3)):
        raise PreprocessingError(f"An image is (H, W) or (H, W, 3), not {pixels.shape}.")
    planes = pixels.astype(np.float32)
    planes = planes[None] if planes.ndim == 2 else np.moveaxis(planes, 2, 0)
    if preprocessing.channels == 1:
        planes = planes.mean(0, keepdims=True)
    elif len(planes) == 1:
        planes = np.repeat(planes, 3, 0)
    resampled = np.stack([resample(plane, preprocessing.size) for plane in planes])
    return ((resampled / preprocessing.highest - preprocessing.mean) / preprocessing.std).astype(np.float32)


def prepare_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at a network's size: the pixels at least half covered, or the most covered one if there is none."""
    share = resample(mask.astype(np.float32), size)
    found = share >= 0.5
    if mask.any() and not found.any():
        found[np.unravel_index(int(share.argmax()), share.shape)] = True
    return found


def resample(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Linear resampling without aliasing: the triangle widens with the step when an image shrinks."""
    if image.shape == size:
        return image
    rows, columns = _weights(image.shape[0], size[0]), _weights(image.shape[1], size[1])
    return (rows @ image @ columns.T).astype(np.float32, copy=False)


def _weights(before: int, after: int) -> NDArray[np.float32]:
    """`(after, before)` rows that add up to 1; pixel centres at half steps (align_corners=False)."""
    scale = before / after
    centre = (np.arange(after)[:, None] + 0.5) * scale
    distance = np.abs(np.arange(before)[None, :] + 0.5 - centre) / max(scale, 1.0)
    weight = np.maximum(1 - distance, 0)
    return (weight / weight.sum(1, keepdims=True)).astype(np.float32)
