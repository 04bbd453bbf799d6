"""LRP: each rule against its matrix form, conservation on awkward networks, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from monai.networks.nets.attentionunet import AttentionUnet
from monai.networks.nets.densenet import DenseNet121
from monai.networks.nets.segresnet import SegResNet
from monai.networks.nets.senet import SEResNet50
from torch import Tensor, nn

from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import FunctionalResidual, build, picture

WHOLE = torch.ones((1, 6, 6), dtype=torch.bool)


def lrp(model: nn.Module, images: Tensor, target: Target, **parameters: Any) -> Tensor:
    return registry.build("lrp", parameters).explain(model, images, target)


def matrix_of(layer: nn.Module, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """A linear layer as `(matrix, bias)`: the images of the unit vectors and of zero."""
    units = torch.eye(int(torch.tensor(shape).prod())).view(-1, *shape)
    with torch.no_grad():
        bias = layer(torch.zeros(1, *shape)).flatten()
        return (layer(units).flatten(1) - bias).T, bias


def by_matrix(rule: str, layer: nn.Module, inputs: Tensor, relevance: Tensor, gamma: float = 0.25) -> Tensor:
    """Textbook form: R_i = sum_j c_ij / sum_i c_ij R_j, with the rule's contributions c."""
    matrix, bias = matrix_of(layer, tuple(inputs.shape[1:]))
    contributions = matrix * inputs.flatten()
    own, offset = contributions, bias.clone()
    if rule == "zplus":
        own, offset = contributions.clamp(min=0), torch.zeros_like(bias)
    if rule == "gamma":
        sign = torch.where(contributions.sum(1) + bias >= 0, 1.0, -1.0)
        own = contributions + gamma * sign[:, None] * (contributions * sign[:, None]).clamp(min=0)
        offset = bias + gamma * sign * (bias * sign).clamp(min=0)
    if rule == "zplus":  # without a positive contribution, by magnitude
        own = torch.where(own.sum(1, keepdim=True) > 0, own, contributions.abs())
    shares = own / (own.sum(1) + offset)[:, None]
    return (shares * relevance.flatten()[:, None]).sum(0).view(inputs.shape)


@pytest.mark.parametrize("rule", ["zplus", "epsilon", "gamma"])
@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 3, padding=1, stride=2),
        nn.Conv2d(2, 4, 3, dilation=2, groups=2),
        nn.ConvTranspose2d(2, 3, 2, stride=2),
        nn.ConvTranspose2d(2, 4, 3, padding=1, groups=2),
    ],
    ids=["strided", "dilated-grouped", "transposed", "transposed-grouped"],
)
def test_a_convolution_follows_the_matrix_form_of_its_rule(layer: nn.Module, rule: str) -> None:
    torch.manual_seed(1)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    inputs = torch.randn(1, 2, 6, 6)
    values = layer(inputs).detach()
    target = RegionTarget(1, torch.ones((1, *values.shape[2:]), dtype=torch.bool))
    relevance = torch.zeros_like(values)
    relevance[:, 1] = values[:, 1]
    bound = _Unsized(target)
    found = lrp(layer, inputs, bound, rule=rule, epsilon=1e-9)
    wanted = by_matrix(rule, layer, inputs, relevance).sum(1)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


class _Unsized:
    """A region target whose region has the output's size, not the image's."""

    def __init__(self, target: RegionTarget) -> None:
        self.target = target

    def __call__(self, output: Tensor) -> Tensor:
        return self.target(output)

    def bind(self, model: nn.Module, images: Tensor) -> Target:
        return self

    def take(self, index: Tensor) -> Target:
        return _Unsized(self.target.take(index))


@pytest.mark.parametrize("rule", ["zplus", "gamma"])
def test_two_layers_follow_the_matrix_forms_one_after_the_other(rule: str) -> None:
    torch.manual_seed(2)
    first, second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1)
    inputs = torch.rand(1, 1, 6, 6)
    hidden = first(inputs).relu().detach()
    out = second(hidden).detach()
    relevance = torch.zeros_like(out)
    relevance[:, 0] = out[:, 0]
    upper = by_matrix(rule, second, hidden, relevance)
    wanted = by_matrix(rule, first, inputs, upper)[:, 0]
    found = lrp(nn.Sequential(first, nn.ReLU(inplace=True), second), inputs, RegionTarget(0, WHOLE), rule=rule)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


def test_a_convolution_before_a_norm_counts_like_the_two_folded_into_one() -> None:
    # Oracle: torch's own folding of the norm into the weights, then z-plus without a norm.
    torch.manual_seed(3)
    conv, norm, head = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)
    norm.weight.data = torch.tensor([1.5, -0.7, 0.4, -1.2])
    norm.bias.data.normal_()
    norm.running_mean = torch.randn(4)
    norm.running_var = torch.rand(4) + 0.5
    model = nn.Sequential(conv, norm, nn.ReLU(), head).eval()
    folded = nn.Sequential(torch.nn.utils.fuse_conv_bn_eval(conv.eval(), norm), nn.ReLU(), head).eval()
    images, target = torch.rand(1, 1, 6, 6), RegionTarget(1, WHOLE)
    torch.testing.assert_close(lrp(model, images, target), lrp(folded, images, target), rtol=1e-3, atol=1e-5)


def test_a_dense_layer_spreads_its_bias_evenly() -> None:
    # Oracle: Bach et al. 2015, eq. 61, written out for one layer.
    torch.manual_seed(4)
    layer = nn.Linear(16, 3)
    images = torch.randn(2, 1, 4, 4)
    wanted = images.flatten(1) * layer.weight[2].detach() + layer.bias[2].detach() / 16
    found = lrp(nn.Sequential(nn.Flatten(), layer), images, ClassTarget(2))
    torch.testing.assert_close(found.flatten(1), wanted, rtol=1e-4, atol=1e-6)


def test_epsilon_is_gradient_times_input_where_there_are_no_biases() -> None:
    # Oracle: plain autograd (Shrikumar et al. 2016 prove it for piecewise linear networks without biases).
    torch.manual_seed(5)
    model = nn.Sequential(FunctionalResidual(1)).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    images = picture(2)
    wanted = registry.build("input-x-gradient").explain(model, images, ClassTarget(1))
    found = lrp(model, images, ClassTarget(1), rule="epsilon", epsilon=1e-12)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    **{
        name: lambda name=name: build(name)  # type: ignore[misc]
        for name in ("resnet", "densenet", "plain", "functional", "basic-unet", "unet")
    },
    "densenet121": lambda: DenseNet121(spatial_dims=2, in_channels=1, out_channels=3),
    "se-resnet50": lambda: SEResNet50(spatial_dims=2, in_channels=1, num_classes=3),
    "segresnet": lambda: SegResNet(spatial_dims=2, in_channels=1, out_channels=2, init_filters=8),
    "attention-unet": lambda: AttentionUnet(2, 1, 2, channels=(8, 16, 32), strides=(2, 2)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_default_rule_conserves_the_output(name: str) -> None:
    torch.manual_seed(0)
    model, images = NETWORKS[name]().eval(), picture(2, side=64)
    with torch.no_grad():
        output = model(images)
    target: Target = ClassTarget(1)
    if output.ndim == 4:
        target = RegionTarget(1, torch.ones((2, 64, 64), dtype=torch.bool))
    made = registry.build("lrp").explain_with_record(model, images, target)
    wanted, spread = target(output), output.flatten(1).std(1, unbiased=False)
    assert ((made.maps.sum((1, 2)) - wanted).abs() <= 0.005 * torch.maximum(wanted.abs(), spread)).all()
    for i, record in enumerate(made.record):
        assert record["conservation"] == pytest.approx(float(made.maps[i].sum() / wanted[i]), rel=1e-3, abs=1e-3)
        assert record["fallback_share"] >= 0
        assert ("warning" in record) == (record["fallback_share"] > 0.05)


def test_relevance_without_a_positive_path_is_counted_and_warned_of() -> None:
    layer = nn.Conv2d(1, 2, 1)
    nn.init.constant_(layer.weight, -1.0)
    nn.init.constant_(layer.bias, 5.0)  # type: ignore[arg-type]
    made = registry.build("lrp").explain_with_record(layer, picture(1, side=6), RegionTarget(0, WHOLE))
    assert made.record[0]["fallback_share"] == pytest.approx(1)
    assert "no positive path" in made.record[0]["warning"]
    assert made.record[0]["conservation"] == pytest.approx(1)


class _Squared(torch.autograd.Function):
    """An operation that interception cannot see."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        return inputs.square()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        return 3 * slopes[0]


class _Awkward(nn.Module):
    def __init__(self, operation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.operation = nn.Conv2d(1, 2, 3, padding=1), operation

    def forward(self, images: Tensor) -> Tensor:
        return self.operation(self.conv(images).relu()).mean((2, 3))


def test_a_map_that_does_not_conserve_is_refused_with_its_ratio() -> None:
    torch.manual_seed(0)
    model = _Awkward(lambda hidden: _Squared.apply(hidden))  # type: ignore[no-untyped-call]
    with pytest.raises(ValueError, match=r"adds up to 3\.000 times"):
        lrp(model, picture(1), ClassTarget(0))


def test_an_operation_without_a_rule_is_named() -> None:
    with pytest.raises(ValueError, match="no rule for the network's operation 'exp'"):
        lrp(_Awkward(torch.exp), picture(1), ClassTarget(0))


def test_a_change_in_place_is_followed_like_the_same_change_elsewhere() -> None:
    def in_place(hidden: Tensor) -> Tensor:
        hidden.relu_()
        hidden.add_(2 * hidden)
        hidden *= 0.5
        return hidden

    torch.manual_seed(0)
    model = _Awkward(in_place)
    found = lrp(model, picture(1), ClassTarget(0))
    model.operation = lambda hidden: (hidden.relu() + 2 * hidden.relu()) * 0.5
    assert torch.equal(found, lrp(model, picture(1), ClassTarget(0)))


def test_a_change_of_a_part_in_place_is_refused() -> None:
    def through_a_view(hidden: Tensor) -> Tensor:
        hidden[:, 0].mul_(3)
        return hidden

    def by_index(hidden: Tensor) -> Tensor:
        hidden[:, 0] = 3
        return hidden

    with pytest.raises(ValueError, match="in place"):
        lrp(_Awkward(through_a_view), picture(1), ClassTarget(0))
    with pytest.raises(ValueError, match="operation '__setitem__'"):
        lrp(_Awkward(by_index), picture(1), ClassTarget(0))


@pytest.mark.parametrize("rule", ["epsilon", "gamma"])
@pytest.mark.parametrize("network", ["resnet", "basic-unet", "functional"])
def test_epsilon_and_gamma_report_what_the_biases_kept(rule: str, network: str) -> None:
    # What the map lacks can only be with the biases, as long as epsilon is next to nothing.
    target: Target = RegionTarget(1) if network == "basic-unet" else ClassTarget(0)
    method = registry.build("lrp", {"rule": rule, "epsilon": 1e-9})
    for record in method.explain_with_record(build(network), picture(2), target).record:
        assert record["bias_share"] == pytest.approx(1 - record["conservation"], abs=2e-3)
        assert record["bias_share"] != 0


def test_maps_of_two_networks_differ() -> None:
    images, first = picture(1), build("resnet")
    torch.manual_seed(99)
    second = build("resnet")
    for parameter in second.parameters():
        nn.init.normal_(parameter, 0, 0.2)
    a, b = (lrp(model, images, ClassTarget(0)).flatten() for model in (first, second))
    assert torch.corrcoef(torch.stack([a, b]))[0, 1] < 0.9
