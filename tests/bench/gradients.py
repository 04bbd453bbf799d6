"""Gradient methods and LRP beside captum and beside the passes that they inherently need."""

from __future__ import annotations

from collections.abc import Callable

import torch
from captum.attr import IntegratedGradients
from monai.networks.nets.resnet import resnet18
from torch import Tensor, nn

from explainers.methods import registry
from foundation.targets import ClassTarget
from tests.bench.figures import Race, figure

GROUP = "Gradient methods, MONAI ResNet-18, 4 images of 128 x 128"


def _setting() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    return resnet18(spatial_dims=2, n_input_channels=1, num_classes=3, conv1_t_stride=2).eval(), torch.randn(
        4, 1, 128, 128
    )


def _explain(model: nn.Module, images: Tensor, name: str, **parameters: object) -> Callable[[], object]:
    return lambda: registry.build(name, dict(parameters)).explain(model, images, ClassTarget(1))


def _input_gradient(model: nn.Module, images: Tensor) -> Tensor:
    inputs = images.clone().requires_grad_(True)
    return torch.autograd.grad(model(inputs)[:, 1].sum(), inputs)[0]


@figure(GROUP, "LRP over a forward and an input gradient", at_most=4.0)
def lrp() -> Race:
    """Layer-wise relevance propagation, default rule."""
    model, images = _setting()
    return Race(_explain(model, images, "lrp"), lambda: _input_gradient(model, images))


@figure(GROUP, "integrated gradients, 50 steps: captum's default over ours", at_least=1.8)
def integrated_gradients() -> Race:
    """Time at equal values."""
    model, images = _setting()
    peer = IntegratedGradients(model)
    return Race(
        _explain(model, images, "integrated-gradients", most_steps=50),
        lambda: peer.attribute(images, target=1, n_steps=50),
    )
