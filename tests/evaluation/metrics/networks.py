"""Networks whose outputs are known in closed form, and small real ones, for the tests of the metrics."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foundation.targets import Target


class Linear(nn.Module):
    """Class k's logit is the sum of `weights[k] * image`; `weights (K, C, H, W)`."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, images: Tensor) -> Tensor:
        return torch.einsum("bchw,kchw->bk", images, self.weights)


class Pixelwise(nn.Module):
    """A segmenter whose logits are the image's channels times a factor a class: `(B, C, H, W) -> (B, K, H, W)`."""

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.factors = nn.Parameter(factors)

    def forward(self, images: Tensor) -> Tensor:
        return torch.einsum("bchw,kc->bkhw", images, self.factors)


class Constant(nn.Module):
    """The same logits for every image."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, images: Tensor) -> Tensor:
        return self.logits.expand(len(images), -1)


def classifier(channels: int = 2, classes: int = 3) -> nn.Module:
    """A small convolutional classifier with batch norm and dropout, so that a wrong mode shows."""
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    )


def segmenter(channels: int = 2, classes: int = 3) -> nn.Module:
    """A small fully convolutional segmenter."""
    torch.manual_seed(6)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, classes, 3, padding=1),
    )


def input_gradient(model: nn.Module, images: Tensor, target: Target) -> Tensor:
    """Gradient times input, summed over channels: a map that depends on the model."""
    images = images.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(target(model(images)).sum(), images)
    return (gradient * images).sum(1).detach()
