"""LRP's rules for everything but single layers: sums, products, concatenation, pooling, norms; as matrices."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import AWKWARD_SIDES, NETWORKS, SEGMENTING, build, picture
from tests.explainers.test_lrp import _Unsized, by_matrix, lrp, matrix_of


class Branches(nn.Module):
    """Two convolutions of the image, joined."""

    def __init__(self, join: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(11)
        self.first, self.second, self.join = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(2, 3, 3, padding=1), join

    def forward(self, images: Tensor) -> Tensor:
        return self.join(self.first(images), self.second(images))


def explained(model: nn.Module, images: Tensor, rule: str, channel: int = 1) -> tuple[Tensor, Tensor]:
    """LRP's map of a channel of the output, and the relevance that the channel started with."""
    values = model(images).detach()
    relevance = torch.zeros_like(values)
    relevance[:, channel] = values[:, channel]
    target = _Unsized(RegionTarget(channel, torch.ones((1, *values.shape[2:]), dtype=torch.bool)))
    return lrp(model, images, target, rule=rule, epsilon=1e-9), relevance


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))


def _plus(first: Tensor, second: Tensor) -> Tensor:
    return first + second


def _plus_in_place(first: Tensor, second: Tensor) -> Tensor:
    first += second
    return first


SUMS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], int]] = {
    "sum": (_plus, 1),
    "in place": (_plus_in_place, 1),
    "function": (torch.add, 1),
    "difference": (torch.sub, -1),
}


@pytest.mark.parametrize("rule", ["zplus", "epsilon"])
@pytest.mark.parametrize("name", SUMS)
def test_a_sum_shares_its_relevance_between_its_terms(name: str, rule: str) -> None:
    # Oracle: the sum as a linear layer of the two terms laid side by side, each place on its own.
    join, sign = SUMS[name]
    model, images = Branches(join), torch.randn(1, 2, 5, 5)
    found, relevance = explained(model, images, rule)
    with torch.no_grad():
        a, b = model.first(images), sign * model.second(images)
    if rule == "epsilon":
        to_a, to_b = relevance * a / (a + b), relevance * b / (a + b)
    else:
        side = torch.sign(a + b)
        own_a, own_b = (a * side).clamp(min=0), (b * side).clamp(min=0)
        to_a, to_b = relevance * own_a / (own_a + own_b), relevance * own_b / (own_a + own_b)
    wanted = by_matrix(rule, model.first, images, to_a) + by_matrix(rule, model.second, images, to_b)
    close(found, wanted.sum(1))


def test_a_gate_passes_all_relevance_to_its_signal() -> None:
    for join in (lambda a, b: a * b.sigmoid(), lambda a, b: b.sigmoid() * a, lambda a, b: (1 - b.sigmoid()) * a):
        model, images = Branches(join), torch.randn(1, 2, 5, 5)
        found, relevance = explained(model, images, "zplus")
        close(found, by_matrix("zplus", model.first, images, relevance).sum(1))


def test_two_signals_of_a_product_get_half_each() -> None:
    model, images = Branches(torch.mul), torch.randn(1, 2, 5, 5)
    found, relevance = explained(model, images, "zplus")
    wanted = sum(by_matrix("zplus", conv, images, relevance / 2) for conv in (model.first, model.second))
    assert isinstance(wanted, Tensor)
    close(found, wanted.sum(1))


@pytest.mark.parametrize("rule", ["zplus", "epsilon", "gamma"])
def test_a_concatenation_hands_each_part_its_own(rule: str) -> None:
    torch.manual_seed(12)
    last = nn.Conv2d(6, 2, 1)
    model = nn.Sequential(Branches(lambda a, b: torch.cat([a, b], 1).relu()), last)
    images, branches = torch.randn(1, 2, 5, 5), model[0]
    assert isinstance(branches, Branches)
    found, relevance = explained(model, images, rule)
    upper = by_matrix(rule, last, branches(images).detach(), relevance)
    wanted = by_matrix(rule, branches.first, images, upper[:, :3])
    wanted = wanted + by_matrix(rule, branches.second, images, upper[:, 3:])
    close(found, wanted.sum(1))


class Mean(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.mean((2, 3), keepdim=True)


AVERAGES = {
    "pool": nn.AvgPool2d(2),
    "adaptive": nn.AdaptiveAvgPool2d((3, 2)),
    "mean": Mean(),
    "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
    "nearest": nn.Upsample(scale_factor=2),
}


@pytest.mark.parametrize("name", AVERAGES)
def test_an_average_hands_relevance_to_the_inputs_of_its_own_sign(name: str) -> None:
    torch.manual_seed(13)
    layer, images = AVERAGES[name], torch.randn(1, 2, 6, 6)
    matrix, _ = matrix_of(layer, (2, 6, 6))
    found, relevance = explained(layer, images, "zplus")
    contributions = matrix * images.flatten()
    own = (contributions * torch.sign(contributions.sum(1, keepdim=True))).clamp(min=0)
    wanted = (own / own.sum(1, keepdim=True) * relevance.flatten()[:, None]).sum(0).view(images.shape)
    close(found, wanted.sum(1))
    found, relevance = explained(layer, images, "epsilon")
    close(found, by_matrix("epsilon", layer, images, relevance).sum(1))


@pytest.mark.parametrize("size, stride", [(2, 2), (3, 2)])
def test_max_pooling_hands_all_relevance_to_the_winner(size: int, stride: int) -> None:
    images = torch.rand(1, 2, 7, 7)
    found, relevance = explained(nn.MaxPool2d(size, stride), images, "zplus")
    wanted = torch.zeros(7, 7)
    for row in range(relevance.shape[2]):
        for column in range(relevance.shape[3]):
            window = images[0, 1, row * stride : row * stride + size, column * stride : column * stride + size]
            y, x = divmod(int(window.argmax()), size)
            wanted[row * stride + y, column * stride + x] += relevance[0, 1, row, column]
    close(found[0], wanted)


def test_a_norm_is_linear_by_epsilon_and_passes_relevance_on_by_default() -> None:
    torch.manual_seed(14)
    norm = nn.BatchNorm2d(2).eval()
    norm.weight.data, norm.bias.data = torch.randn(2), torch.randn(2)
    norm.running_mean, norm.running_var = torch.randn(2), torch.rand(2) + 0.5
    images = torch.randn(1, 2, 5, 5)
    found, relevance = explained(norm, images, "epsilon")
    close(found, by_matrix("epsilon", norm, images, relevance).sum(1))
    found, relevance = explained(norm, images, "zplus")
    close(found, relevance.sum(1))


NORMS: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...]]] = {
    "instance": (functional.instance_norm, (2, 3)),
    "group": (lambda images: functional.group_norm(images, 1), (1, 2, 3)),
    "layer": (lambda images: functional.layer_norm(images, [2, 5, 5]), (1, 2, 3)),
}


@pytest.mark.parametrize("name", NORMS)
def test_by_epsilon_a_norm_keeps_its_statistics_fixed(name: str) -> None:
    function, dims = NORMS[name]

    class Norm(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return function(images)

    images = torch.randn(1, 2, 5, 5)
    found, relevance = explained(Norm(), images, "epsilon")
    scale = (images.var(dims, unbiased=False, keepdim=True) + 1e-5).rsqrt()
    close(found, (relevance * scale * images / function(images)).sum(1))


@pytest.mark.parametrize("rule", ["epsilon", "gamma"])
def test_a_dense_layer_follows_the_matrix_form(rule: str) -> None:
    torch.manual_seed(15)
    layer, images = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), torch.randn(1, 1, 4, 4)
    relevance = torch.zeros(1, 3)
    relevance[0, 2] = layer(images)[0, 2].detach()
    found = lrp(layer, images, ClassTarget(2), rule=rule, epsilon=1e-9)
    close(found, by_matrix(rule, layer, images, relevance)[:, 0])


@pytest.mark.parametrize("name, channels", [(name, channels) for name in NETWORKS for channels in (1, 3)])
def test_the_default_rule_conserves_on_every_network_or_says_why_not(name: str, channels: int) -> None:
    model, images = build(name, channels), picture(2, channels, AWKWARD_SIDES.get(name, 32))
    target: Target = ClassTarget(1)
    if name in SEGMENTING:
        mask = torch.zeros((2, *images.shape[2:]), dtype=torch.bool)
        mask[:, 4:30, 7:31] = True
        target = RegionTarget(1, mask)
    if name == "vit":
        with pytest.raises(ValueError, match="no rule for the network's operation 'einsum'"):
            lrp(model, images, target)
        return
    made = registry.build("lrp").explain_with_record(model, images, target)
    with torch.no_grad():
        output = model(images)
    wanted, spread = target(output), output.flatten(1).std(1, unbiased=False)
    assert ((made.maps.sum((1, 2)) - wanted).abs() <= 0.005 * torch.maximum(wanted.abs(), spread)).all()
    for record in made.record:
        assert 0 <= record["fallback_share"] <= 1
        assert ("warning" in record) == (record["fallback_share"] > 0.05)
