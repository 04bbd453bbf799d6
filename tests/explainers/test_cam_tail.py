"""The tail of a network run alone: equal values, nothing before the layer computed, awkward networks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from explainers.layers import default_layer
from explainers.methods import registry
from explainers.tail import Tail
from foundation.targets import ClassTarget
from tests.explainers.networks import AWKWARD_SIDES, build, picture

CONVOLVE = torch.ops.aten.convolution.default


class Counting(TorchDispatchMode):
    """Counts convolutions as they are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.found = 0

    def __torch_dispatch__(
        self, function: object, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        self.found += function is CONVOLVE
        return function(*args, **(kwargs or {}))  # type: ignore[operator]


def put(model: nn.Module, image: Tensor, layer: str, maps: Tensor, calls: int) -> Tensor:
    """The whole network with other maps in place of the layer's last output."""
    seen: list[None] = []

    def replace(module: nn.Module, given: object, output: Tensor) -> Tensor | None:
        seen.append(None)
        return maps if len(seen) == calls else None

    handle = model.get_submodule(layer).register_forward_hook(replace)
    with torch.no_grad():
        found: Tensor = model(image.repeat(len(maps), 1, 1, 1))
    handle.remove()
    return found


@pytest.mark.parametrize("network", AWKWARD_SIDES)
def test_it_runs_alone_on_every_network_with_the_whole_network_s_values(network: str) -> None:
    model, image = build(network, 3), picture(1, 3, AWKWARD_SIDES[network])
    layer = default_layer(model, image)
    tail = Tail(model, image, layer)
    maps = tail.activation * torch.rand(3, *tail.activation.shape[1:], generator=torch.Generator().manual_seed(1))
    wanted = put(model, image, layer, maps, calls=2 if layer in ("_swish", "relu") else 1)
    assert tail.alone
    torch.testing.assert_close(tail(maps), wanted, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(wanted, tail.output)


@pytest.mark.parametrize(
    "network, layer, wanted", [("resnet", "layer4", 0), ("resnet", "layer3", 3), ("plain", "1", 1)]
)
def test_nothing_before_the_layer_is_computed(network: str, layer: str, wanted: int) -> None:
    model = build(network)
    tail = Tail(model, picture(1), layer)
    with Counting() as counting:
        tail(tail.activation.repeat(2, 1, 1, 1))
    assert counting.found == wanted


class WritesBack(nn.Module):
    """Goes on, after the layer, by writing into what it had computed before it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.layer, self.head = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 1), nn.Linear(4, 3)

    def forward(self, images: Tensor) -> Tensor:
        kept = self.first(images)
        maps = self.layer(kept)
        kept += maps.relu()
        return self.head(kept.relu_().mean((2, 3)))


class CountsImages(nn.Module):
    """Lays all images of a batch into one row, so that several copies are not what one image was."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.layer, self.head = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 1), nn.Linear(4, 3)

    def forward(self, images: Tensor) -> Tensor:
        kept = self.first(images)
        row = kept.permute(1, 0, 2, 3).flatten(1)
        maps = self.layer(kept) + row.view(4, len(images), *kept.shape[2:]).transpose(0, 1)
        return self.head(maps.mean((2, 3)))


@pytest.mark.parametrize("network, alone", [(WritesBack, True), (CountsImages, False)])
def test_awkward_networks_give_the_whole_network_s_values(network: type[nn.Module], alone: bool) -> None:
    torch.manual_seed(0)
    model, image = network().eval(), picture(1)
    tail = Tail(model, image, "layer")
    maps = tail.activation * torch.rand(5, 4, 30, 30)
    assert tail.alone == alone
    torch.testing.assert_close(tail(maps), put(model, image, "layer", maps, calls=1), rtol=1e-5, atol=1e-6)


def test_a_negative_output_does_not_turn_ablation_cam_round() -> None:
    # The logit is the sum of two mean maps less 5: taking either away lowers it, so both weights are positive.
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 1))
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), (1.0, 0.0, 1.0, -5.0), strict=True):
            parameter.fill_(value)
    image = picture(1)
    mean = image.mean()
    found = registry.build("ablation-cam").explain(model, image, ClassTarget(0))
    torch.testing.assert_close(found, 2 * mean / (5 - 2 * mean) * image[0])
