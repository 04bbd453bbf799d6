"""A small network and an image whose numbers come from sines, so that stored values of other programs keep fitting."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def network() -> nn.Module:
    """Two convolutions, pooling, three classes; the layer "4" holds its last feature maps, 6 of 8 x 8."""
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, padding=1),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )
    with torch.no_grad():
        for start, parameter in enumerate(model.parameters()):
            count = torch.arange(parameter.numel(), dtype=torch.float64)
            parameter.copy_((0.6 * torch.sin(1.7 * count + start)).view_as(parameter))
    return model.eval()


def image() -> Tensor:
    """`(1, 1, 16, 16)`."""
    count = torch.arange(256, dtype=torch.float64)
    return (torch.sin(0.31 * count) + torch.cos(0.047 * count)).float().view(1, 1, 16, 16)
