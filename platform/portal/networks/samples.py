"""Phantoms as arrays for training and measuring: drawn in parallel, prepared as the network reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from portal.networks.description import Preprocessing
from portal.networks.preprocessing import prepare
from portal.phantoms import PhantomSpec, draw_all


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs `(N, C, H, W)`, masks `(N, H, W)` bool, labels `(N,)`, and what each was drawn from."""

    images: Tensor
    masks: Tensor
    labels: Tensor
    specs: tuple[PhantomSpec, ...]


def samples(specs: Sequence[PhantomSpec], preprocessing: Preprocessing, group: int = 64) -> Samples:
    """Draw `specs` at the network's size, `group` at a time on each core."""
    parts = [specs[start : start + group] for start in range(0, len(specs), group)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        drawn = list(pool.map(lambda part: _arrays(part, preprocessing), parts))
    images, masks = (torch.from_numpy(np.concatenate(arrays)) for arrays in zip(*drawn, strict=True))
    return Samples(images, masks, torch.tensor([int(spec.positive) for spec in specs]), tuple(specs))


def _arrays(specs: Sequence[PhantomSpec], preprocessing: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    drawn = [
        (prepare(phantom.pixels, preprocessing), phantom.mask) for phantom in draw_all(specs, preprocessing.size[0])
    ]
    return np.stack([image for image, _ in drawn]), np.stack([mask for _, mask in drawn])
