"""Small networks with random weights for the tests: what the product runs, and what is awkward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.networks.blocks.squeeze_and_excitation import SEResNetBottleneck
from monai.networks.nets.attentionunet import AttentionUnet
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.efficientnet import EfficientNet
from monai.networks.nets.resnet import ResNet
from monai.networks.nets.segresnet import SegResNet
from monai.networks.nets.senet import SENet
from monai.networks.nets.unet import UNet
from monai.networks.nets.vit import ViT
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


class SlimBottleneck(SEResNetBottleneck):
    """SEResNet's block, a quarter as wide: MONAI fixes the widths of its stages."""

    expansion = 1

    def __init__(self, spatial_dims: int, inplanes: int, planes: int, *arguments: Any, **keywords: Any) -> None:
        super().__init__(spatial_dims, inplanes, planes // 4, *arguments, **keywords)


class FirstOutput(nn.Module):
    """The first of the outputs of a network that gives several."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.network(images)[0]
        return output


def se_resnet(channels: int = 1) -> nn.Module:
    return SENet(
        spatial_dims=2,
        in_channels=channels,
        block=SlimBottleneck,
        layers=[1, 1, 1, 1],
        groups=1,
        reduction=4,
        dropout_prob=None,
        inplanes=16,
        downsample_kernel_size=1,
        input_3x3=False,
        num_classes=3,
    )


def efficient_net(channels: int = 1) -> nn.Module:
    blocks = ["r1_k3_s11_e1_i32_o16_se0.25", "r2_k3_s22_e6_i16_o24_se0.25", "r1_k5_s22_e6_i24_o40_se0.25"]
    return EfficientNet(
        blocks, 2, channels, num_classes=3, width_coefficient=0.25, depth_coefficient=1.0, image_size=32
    )


def vit(channels: int = 1) -> nn.Module:
    return FirstOutput(
        ViT(
            in_channels=channels,
            img_size=32,
            patch_size=8,
            hidden_size=12,
            mlp_dim=24,
            num_layers=2,
            num_heads=3,
            classification=True,
            num_classes=3,
            spatial_dims=2,
            post_activation="",
        )
    )


def seg_resnet(channels: int = 1) -> nn.Module:
    return SegResNet(
        spatial_dims=2,
        init_filters=8,
        in_channels=channels,
        out_channels=2,
        num_groups=4,
        norm=("GROUP", {"num_groups": 4}),
        blocks_down=(1, 1, 1),
        blocks_up=(1, 1),
    )


def attention_unet(channels: int = 1) -> nn.Module:
    return AttentionUnet(spatial_dims=2, in_channels=channels, out_channels=2, channels=(4, 8, 12), strides=(2, 2))


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

# The rest of the networks that the product promises to explain: for the tests that ask each network once.
MORE_CLASSIFIERS: dict[str, Callable[[int], nn.Module]] = {
    "se-resnet": se_resnet,
    "efficient-net": efficient_net,
    "vit": vit,
}
MORE_SEGMENTERS: dict[str, Callable[[int], nn.Module]] = {"seg-resnet": seg_resnet, "attention-unet": attention_unet}

CLASSIFYING = CLASSIFIERS | MORE_CLASSIFIERS
SEGMENTING = SEGMENTERS | MORE_SEGMENTERS
NETWORKS = CLASSIFYING | SEGMENTING

# Sides (rows, columns) that no power of two above four divides, where the network takes such images.
AWKWARD_SIDES = {name: (36, 44) if name in SEGMENTING else (37, 45) for name in NETWORKS if name != "vit"}


def build(name: str, channels: int = 1) -> nn.Module:
    """The named network in evaluation mode, weights and running statistics drawn from a fixed seed."""
    torch.manual_seed(7)
    model = NETWORKS[name](channels)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
            module.running_mean.normal_(0, 0.1)  # type: ignore[union-attr, operator]
            module.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr, operator]
    if name in MORE_CLASSIFIERS or name in MORE_SEGMENTERS:
        calibrate(model, picture(8, channels))
    return model.eval()


def calibrate(model: nn.Module, images: Tensor) -> None:
    """Running statistics of the batch norms as these images give them, so that deep layers neither vanish nor grow."""
    norms = [module for module in model.eval().modules() if isinstance(module, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        model(images)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def picture(count: int = 2, channels: int = 1, side: int | tuple[int, int] = 32) -> Tensor:
    """Images in [0, 1], square unless `side` is (rows, columns)."""
    sides = (side, side) if isinstance(side, int) else side
    return torch.rand((count, channels, *sides), generator=torch.Generator().manual_seed(3))
