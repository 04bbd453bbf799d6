"""Guided Grad-CAM: captum where each ReLU is a module of its own, matrices and equivalent networks elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from captum.attr import GuidedGradCam
from torch import Tensor, nn
from torch.nn import functional

from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import AWKWARD_SIDES, NETWORKS, SEGMENTING, FunctionalResidual, build, picture
from tests.explainers.test_contract import same, state_of
from tests.explainers.test_deep_lift import Unrolled

WITHOUT_RECTIFIERS = {"efficient-net", "vit"}


def guided(model: nn.Module, images: Tensor, target: Target, layer: str | None = None) -> Tensor:
    return registry.build("guided-grad-cam", {"layer": layer}).explain(model, images, target)


def by_captum(model: nn.Module, layer: nn.Module, images: Tensor, index: int) -> Tensor:
    method = GuidedGradCam(model, layer)
    made: Tensor = method.attribute(images.clone().requires_grad_(), target=index, interpolate_mode="bilinear")
    return made.detach().sum(1)


def close(found: Tensor, wanted: Tensor) -> None:
    assert wanted.abs().max() > 0
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU:UserWarning")
@pytest.mark.parametrize("channels", [1, 3])
def test_it_equals_captum_on_a_plain_network(channels: int) -> None:
    model, images = build("plain", channels), picture(2, channels, (37, 45))
    own = guided(model, images, ClassTarget(1), layer="3")
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False  # captum cannot be asked otherwise
    close(own, by_captum(model, model.get_submodule("3"), images, 1))


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU:UserWarning")
def test_a_relu_used_twice_equals_captum_on_the_unrolled_network() -> None:
    model, images = build("functional"), picture(2)
    assert isinstance(model, FunctionalResidual)
    apart = Unrolled(model)
    close(guided(model, images, ClassTarget(1), layer="second"), by_captum(apart, apart.second, images, 1))


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "function": functional.relu,
    "function in place": lambda hidden: functional.relu(hidden, inplace=True),
    "torch": torch.relu,
    "method": lambda hidden: hidden.relu(),
    "method in place": lambda hidden: hidden.relu_(),
    "bound": lambda hidden: hidden.clamp(min=0),
    "forgotten result": lambda hidden: (hidden.relu_(), hidden)[1],
}


class Way(nn.Module):
    def __init__(self, relu: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.relu = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 3), relu

    def forward(self, images: Tensor) -> Tensor:
        return self.relu(self.second(self.relu(self.first(images)))).mean((2, 3))


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_relu_is_guided(way: str) -> None:
    images = picture(2)
    wanted = guided(Way(nn.ReLU()), images, ClassTarget(0), "first")
    assert wanted.abs().max() > 0
    torch.testing.assert_close(guided(Way(WAYS[way]), images, ClassTarget(0), "first"), wanted)


def test_a_leaking_rectifier_hands_back_its_slope_times_the_positive_gradient() -> None:
    # Oracle: Springenberg's rule as matrices, layer by layer.
    torch.manual_seed(1)
    first, second = nn.Linear(9, 6), nn.Linear(6, 2)

    class Leaking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.maps, self.first, self.second = nn.Conv2d(1, 1, 1), first, second

        def forward(self, images: Tensor) -> Tensor:
            hidden = functional.leaky_relu(self.first(self.maps(images).flatten(1)), 0.2)
            made: Tensor = self.second(hidden)
            return made

    model, images = Leaking(), torch.randn(1, 1, 3, 3)
    with torch.no_grad():
        activation = model.maps(images)
        hidden = first(activation.flatten(1))[0]
        slope = torch.where(hidden > 0, 1.0, 0.2)
        gradient = (second.weight[1].clamp(min=0) * slope) @ first.weight * model.maps.weight.flatten()
        plain = (second.weight[1] * slope) @ first.weight
        coarse = (plain.mean() * activation[0, 0]).clamp(min=0)
    found = guided(model, images, ClassTarget(1), layer="maps")
    close(found[0], gradient.view(3, 3) * coarse)


@pytest.mark.parametrize("name, channels", [(name, channels) for name in NETWORKS for channels in (1, 3)])
def test_it_applies_wherever_there_are_rectifiers(name: str, channels: int) -> None:
    model, images = build(name, channels), picture(2, channels, AWKWARD_SIDES.get(name, 32))
    target: Target = ClassTarget(1)
    if name in SEGMENTING:
        target = RegionTarget(1, torch.ones((2, *images.shape[2:]), dtype=torch.bool))
    if name in WITHOUT_RECTIFIERS:
        with pytest.raises(ValueError, match=r"needs a network with rectifiers|works on tokens"):
            guided(model, images, target)
        return
    # Where the coarse map is empty, so is the product; elsewhere it is guided gradient times coarse map.
    coarse = registry.build("grad-cam").explain(model, images, target)
    found = guided(model, images, target)
    assert (found[coarse == 0] == 0).all()
    assert bool((found != 0).any()) == bool((coarse != 0).any())


def test_a_network_that_cannot_be_followed_is_refused_and_left_as_it_was() -> None:
    def through_a_view(hidden: Tensor) -> Tensor:
        hidden[:, 0].mul_(3)
        return hidden.relu()

    model = Way(through_a_view)
    before = state_of(model)
    with pytest.raises(ValueError, match="in place"):
        guided(model, picture(1), ClassTarget(0), "first")
    assert same(before, state_of(model))


def test_an_error_in_the_middle_leaves_nothing_behind() -> None:
    def fails(hidden: Tensor) -> Tensor:
        if torch.overrides._get_current_function_mode_stack():
            raise KeyError("in the middle")
        return hidden.relu()

    model = Way(fails)
    before = state_of(model)
    with pytest.raises(KeyError):
        guided(model, picture(1), ClassTarget(0), "first")
    assert same(before, state_of(model))
    assert not torch.overrides._get_current_function_mode_stack()
