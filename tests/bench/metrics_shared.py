"""Many faithfulness metrics of many maps at once, beside single calls and the bare forward passes."""

from __future__ import annotations

import torch
from monai.networks.nets.resnet import ResNet, resnet18
from torch import Tensor, nn

from evaluation import score_all
from evaluation.metrics import Metric, registry
from foundation.forwards import Forwards, untouched
from foundation.targets import ClassTarget
from tests.bench.figures import Race, figure

GROUP = "Eight faithfulness metrics of 8 maps at once"
NAMES = (
    "deletion",
    "insertion",
    "pixel-flipping",
    "srg",
    "faithfulness-correlation",
    "sensitivity-n",
    "infidelity",
    "irof",
)
MAPS = 8


def _setting(model: nn.Module, side: int, count: int) -> tuple[nn.Module, Tensor, dict[str, Tensor]]:
    """A network, smooth images that superpixels can follow, and maps."""
    torch.manual_seed(0)
    coarse = torch.rand(count, 1, side // 8, side // 8)
    images = nn.functional.interpolate(coarse, (side, side), mode="bicubic")
    return model.eval(), images, {str(number): torch.randn(count, side, side) for number in range(MAPS)}


def _metrics() -> dict[str, Metric]:
    return {name: registry[name]() for name in NAMES}


def _small() -> nn.Module:
    torch.manual_seed(0)
    return ResNet("basic", [1, 1, 1, 1], [16, 32, 64, 128], spatial_dims=2, n_input_channels=1, num_classes=3)


def _larger() -> nn.Module:
    torch.manual_seed(0)
    return resnet18(spatial_dims=2, n_input_channels=1, num_classes=3, conv1_t_stride=2)


@figure(GROUP, "all at once over one call each, small ResNet, an image of 64 x 64", at_most=0.5)
def half_of_single_calls() -> Race:
    """The work that maps and metrics have in common is done once."""
    model, images, maps = _setting(_small(), 64, 1)

    def singly() -> None:
        for its_maps in maps.values():
            for metric in _metrics().values():
                metric.score(model, images, its_maps, ClassTarget(1))

    return Race(lambda: score_all(model, images, maps, ClassTarget(1), _metrics()), singly, repeats=2)


@figure(GROUP, "over the bare passes they need, ResNet-18, an image of 128 x 128", at_most=1.15)
def little_more_than_forwards() -> Race:
    """As many images through the same prepared network, in chunks of the same size."""
    model, images, maps = _setting(_larger(), 128, 1)
    needed = _passes(images, maps)

    def bare() -> None:
        with untouched(model), torch.no_grad():
            forwards = Forwards(model, images)
            chunk = images.expand(forwards.size, -1, -1, -1).contiguous(memory_format=forwards.layout)
            for start in range(0, needed, forwards.size):
                forwards.network(chunk[: needed - start])

    return Race(lambda: score_all(model, images, maps, ClassTarget(1), _metrics()), bare, repeats=2)


def _passes(images: Tensor, maps: dict[str, Tensor]) -> int:
    """How many images a network is sent for these metrics, counted with one that costs nothing."""
    sent = 0

    class Counting(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            nonlocal sent
            sent += len(images)
            return images.mean((2, 3)).expand(-1, 3)

    score_all(Counting(), images, maps, ClassTarget(1), _metrics())
    return sent
