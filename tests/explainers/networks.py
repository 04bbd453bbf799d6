"""Small networks with random weights for the tests: what the product runs, and what is awkward."""

from __future__ import annotations

from collections.abc import Callable

import torch
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.resnet import ResNet
from monai.networks.nets.unet import UNet
from torch import Tensor, nn


class FunctionalResidual(nn.Module):
    """A residual addition in place, one ReLU used twice, an average over places as a method call."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 6, 3, padding=1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(6, 3)

    def forward(self, images: Tensor) -> Tensor:
        kept = self.relu(self.first(images))
        out = self.second(kept)
        out += kept
        return self.head(self.relu(out).mean((2, 3)))


def resnet(channels: int = 1) -> nn.Module:
    return ResNet(
        "basic",
        [1, 1, 1, 1],
        [4, 8, 12, 16],
        spatial_dims=2,
        n_input_channels=channels,
        num_classes=3,
        conv1_t_size=3,
        conv1_t_stride=1,
    )


def densenet(channels: int = 1) -> nn.Module:
    return DenseNet(
        spatial_dims=2, in_channels=channels, out_channels=3, init_features=8, growth_rate=4, block_config=(2, 2)
    )


def basic_unet(channels: int = 1) -> nn.Module:
    return BasicUNet(spatial_dims=2, in_channels=channels, out_channels=2, features=(4, 4, 8, 8, 12, 4))


def unet(channels: int = 1) -> nn.Module:
    return UNet(
        spatial_dims=2, in_channels=channels, out_channels=2, channels=(4, 8, 12), strides=(2, 2), num_res_units=1
    )


def plain(channels: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 5, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(5, 7, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(7, 3),
    )


CLASSIFIERS: dict[str, Callable[[int], nn.Module]] = {
    "resnet": resnet,
    "densenet": densenet,
    "plain": plain,
    "functional": FunctionalResidual,
}
SEGMENTERS: dict[str, Callable[[int], nn.Module]] = {"basic-unet": basic_unet, "unet": unet}


def build(name: str, channels: int = 1) -> nn.Module:
    """The named network in evaluation mode, weights and running statistics drawn from a fixed seed."""
    torch.manual_seed(7)
    model = {**CLASSIFIERS, **SEGMENTERS}[name](channels)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
            module.running_mean.normal_(0, 0.1)  # type: ignore[union-attr, operator]
            module.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr, operator]
    return model.eval()


def picture(count: int = 2, channels: int = 1, side: int = 32) -> Tensor:
    """Images in [0, 1]."""
    return torch.rand((count, channels, side, side), generator=torch.Generator().manual_seed(3))
