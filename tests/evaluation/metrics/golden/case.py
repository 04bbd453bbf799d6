"""The images, maps, masks and the network that quantus and our metrics are both given; the same on every machine."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

IMAGES, CHANNELS, SIDE, CLASSES = 3, 1, 16, 4
TARGETS = (1, 0, 3)


def drawn(*shape: int, seed: int) -> Tensor:
    """Normal numbers that depend on the seed alone (Philox counts, whatever the version of torch)."""
    return torch.from_numpy(np.random.Generator(np.random.Philox(seed)).standard_normal(shape).astype(np.float32))


def images() -> Tensor:
    """`(3, 1, 16, 16)`."""
    return drawn(IMAGES, CHANNELS, SIDE, SIDE, seed=1)


def maps() -> Tensor:
    """Positive maps without ties, `(3, 16, 16)`: quantus is wrong about signs and ties."""
    found = drawn(IMAGES, SIDE, SIDE, seed=2).abs()
    found[0, 4, 5] += 5  # a hit of the pointing game
    return found


def masks() -> Tensor:
    """`(3, 16, 16)`, bool."""
    found = torch.zeros(IMAGES, SIDE, SIDE, dtype=torch.bool)
    found[0, 2:7, 3:9] = found[1, 10:15, 1:6] = found[2, 4:12, 4:12] = True
    return found


def network() -> nn.Module:
    """A small convolutional classifier with fixed weights."""
    first, second = nn.Conv2d(CHANNELS, 6, 3, padding=1), nn.Linear(6, CLASSES)
    for number, parameter in enumerate((*first.parameters(), *second.parameters())):
        parameter.data = drawn(*parameter.shape, seed=10 + number)
    return nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), second).eval()
