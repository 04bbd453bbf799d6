"""Saliency, input x gradient and integrated gradients: differences and captum, on every network."""

from __future__ import annotations

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from torch import Tensor, nn

from explainers import explain_all
from explainers.baselines import Baseline, baseline_images
from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import AWKWARD_SIDES, NETWORKS, SEGMENTING, build, picture

CASES = [(name, channels) for name in NETWORKS for channels in (1, 3)]
OWN_STATISTICS = {"basic-unet", "unet", "seg-resnet", "attention-unet"}


def case(name: str, channels: int) -> tuple[nn.Module, Tensor, Target]:
    """A network, two images and a target."""
    model, images = build(name, channels), picture(2, channels, AWKWARD_SIDES.get(name, 32))
    if name not in SEGMENTING:
        return model, images, ClassTarget(1)
    mask = torch.zeros((2, *images.shape[2:]), dtype=torch.bool)
    mask[:, 4:30, 7:31] = True
    return model, images, RegionTarget(1, mask)


class Explained(nn.Module):
    """The explained output as a network's own, `(B, 1)`: captum knows no regions."""

    def __init__(self, model: nn.Module, target: Target) -> None:
        super().__init__()
        self.model, self.target = model, target

    def forward(self, images: Tensor) -> Tensor:
        repeats = torch.arange(2).repeat_interleave(len(images) // 2) if len(images) > 2 else torch.arange(len(images))
        return self.target.take(repeats)(self.model(images))[:, None]


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


@pytest.mark.parametrize("name, channels", CASES)
def test_saliency_and_input_x_gradient_equal_captum(name: str, channels: int) -> None:
    model, images, target = case(name, channels)
    whole, inputs = Explained(model, target.bind(model, images)), images.clone().requires_grad_()
    wanted = Saliency(whole).attribute(inputs, target=0).amax(1)
    close(registry.build("saliency").explain(model, images, target), wanted)
    wanted = InputXGradient(whole).attribute(inputs, target=0).detach().sum(1)
    close(registry.build("input-x-gradient").explain(model, images, target), wanted)


@pytest.mark.parametrize("name", ["efficient-net", "vit"])
def test_the_gradient_is_the_slope_of_the_output(name: str) -> None:
    # Oracle: central differences in double precision, where the network is smooth.
    model, images = build(name).double(), picture(1).double()
    step = torch.zeros_like(images)
    found = registry.build("saliency").explain(model, images, ClassTarget(2))
    for y, x in ((3, 4), (17, 20), (30, 1)):
        step.zero_()[0, 0, y, x] = 1e-4
        with torch.no_grad():
            slope = (model(images + step)[0, 2] - model(images - step)[0, 2]) / 2e-4
        assert float(found[0, y, x]) == pytest.approx(abs(float(slope)), rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("name, channels", CASES)
def test_integrated_gradients_equal_captum_at_equal_steps(name: str, channels: int) -> None:
    model, images, target = case(name, channels)
    whole = Explained(model, target.bind(model, images)).double()
    inputs = images.double()
    wanted = IntegratedGradients(whole).attribute(inputs, target=0, n_steps=12).sum(1).detach()
    method = registry.build("integrated-gradients", {"steps": 12, "most_steps": 12})
    # In double precision: near a constant baseline the slopes of some norms are large and cancel.
    close(method.explain(model, inputs, target), wanted.float())


@pytest.mark.parametrize("name", NETWORKS)
def test_integrated_gradients_are_complete_or_say_that_they_are_not(name: str) -> None:
    """Networks that normalise each image turn a constant one into amplified rounding: there the baseline is blurred."""
    model, images, target = case(name, 1)
    baseline: Baseline = "blur" if name in OWN_STATISTICS else "zero"
    method = registry.build("integrated-gradients", {"most_steps": 100, "baseline": baseline})
    made = method.explain_with_record(model, images, target)
    with torch.no_grad():
        bound = target.bind(model, images)
        difference = bound(model(images)) - bound(model(baseline_images(images, baseline)))
    gaps = ((made.maps.sum((1, 2), dtype=torch.float64) - difference) / difference).abs().tolist()
    for gap, record in zip(gaps, made.record, strict=True):
        assert record["completeness_gap"] == pytest.approx(gap, rel=1e-2, abs=1e-3)
        assert record["steps"] in (50, 100)
        assert ("warning" in record) == (record["completeness_gap"] > 0.01)
        assert record["completeness_gap"] <= 0.01 or record["steps"] == 100
        assert "note" not in record


@pytest.mark.parametrize("name", NETWORKS)
def test_integrated_gradients_promise_nothing_from_a_constant_baseline_to_own_statistics(name: str) -> None:
    record = registry.build("integrated-gradients", {"most_steps": 50}).explain_with_record(*case(name, 1)).record
    assert all(("note" in each) == (name in OWN_STATISTICS) for each in record)


def test_a_baseline_with_structure_helps_networks_that_normalise_each_image() -> None:
    model, images, target = build("seg-resnet"), picture(1), RegionTarget(1, torch.ones((1, 32, 32), dtype=torch.bool))
    constant, better = (
        registry.build("integrated-gradients", {"baseline": baseline, "most_steps": 100})
        .explain_with_record(model, images, target)
        .record[0]
        for baseline in ("zero", "blur")
    )
    assert "baseline 'blur'" in constant["note"]
    assert "note" not in better
    assert better["completeness_gap"] <= 0.01 < 0.1 < constant["completeness_gap"]


class Counting(nn.Module):
    """Counts the images that a backward pass goes through."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.backward_images = 0

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.model(images)
        if output.requires_grad:
            output.register_hook(self._count)
        return output

    def _count(self, gradient: Tensor) -> None:
        self.backward_images += len(gradient)


def test_saliency_and_input_x_gradient_share_one_backward_pass() -> None:
    model, images = Counting(build("resnet")), picture(3)
    methods = {name: registry.build(name) for name in ("saliency", "input-x-gradient")}
    together = explain_all(model, images, ClassTarget(1), methods)
    assert model.backward_images == 3
    for name, method in methods.items():
        assert torch.equal(together[name], method.explain(model, images, ClassTarget(1)))


@pytest.mark.parametrize("name", ["saliency", "input-x-gradient", "integrated-gradients", "gradient-shap"])
def test_every_image_has_the_map_that_it_has_alone(name: str) -> None:
    model, images = build("densenet"), picture(3)
    method = registry.build(name)
    together = method.explain(model, images, ClassTarget(torch.tensor([0, 1, 2])), seed=3)
    for i in range(3):
        alone = method.explain_with_record(model, images[i : i + 1], ClassTarget(i), seed=3, memory_mb=0.01).maps
        close(alone[0], together[i])


@pytest.mark.parametrize("name", ["saliency", "integrated-gradients", "smooth-grad", "gradient-shap", "lrp"])
def test_an_error_in_the_backward_pass_leaves_the_network_as_it_was(name: str) -> None:
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, inputs: Tensor) -> Tensor:
            return inputs.clone()

        @staticmethod
        def backward(ctx: object, *slopes: Tensor) -> Tensor:
            raise KeyError("in the middle")

    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = build("plain")

        def forward(self, images: Tensor) -> Tensor:
            output: Tensor = self.inner(Fails.apply(images))  # type: ignore[no-untyped-call]
            return output

    model = Failing().train()
    before = [(module.training, len(module._forward_hooks)) for module in model.modules()]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(KeyError):
        registry.build(name).explain(model, picture(1), ClassTarget(0))
    assert before == [(module.training, len(module._forward_hooks)) for module in model.modules()]
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert not torch.overrides._get_current_function_mode_stack()
