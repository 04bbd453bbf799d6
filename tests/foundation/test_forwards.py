"""Streamed forwards: equal values, bounded chunks, the network left alone."""

from __future__ import annotations

import copy

import pytest
import torch
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.resnet import resnet18
from torch import Tensor, nn

from foundation.folding import prepared
from foundation.forwards import Forwards, chunk_size, input_gradient, stream, untouched
from foundation.targets import ClassTarget


def images(count: int = 3, side: int = 32) -> Tensor:
    return torch.rand((count, 1, side, side), generator=torch.Generator().manual_seed(0))


def batch_normed() -> nn.Module:
    torch.manual_seed(0)
    model = resnet18(spatial_dims=2, n_input_channels=1, num_classes=3)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) * 0.1
            module.running_var = torch.rand(module.num_features) + 0.5
    return model.eval()


def test_streamed_values_equal_a_plain_loop_for_any_memory() -> None:
    model, pictures = batch_normed(), images()
    scale = torch.linspace(0, 1, 7)
    target = ClassTarget(torch.tensor([0, 1, 2]))
    with torch.no_grad():
        wanted = torch.stack([target(model(pictures * factor)) for factor in scale], 1)
    for memory in (0.001, 3, 1024):
        found = stream(
            model,
            pictures,
            target,
            7,
            lambda image, item: pictures[image] * scale[item][:, None, None, None],
            memory_mb=memory,
        )
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_no_chunk_is_larger_than_the_memory_allows() -> None:
    model, pictures = batch_normed(), images(side=64)
    sizes: list[int] = []

    def perturb(image: Tensor, item: Tensor) -> Tensor:
        sizes.append(len(image))
        return pictures[image]

    Forwards(model, pictures, memory_mb=5).stream(pictures, ClassTarget(0).bind(model, pictures), 20, perturb)
    small = max(sizes)
    assert small == Forwards(model, pictures, 5).size < Forwards(model, pictures, 1000).size
    assert chunk_size(model, pictures, 5) <= small
    assert chunk_size(model, pictures, 1e-9) == 1
    assert sum(sizes) == 60


@pytest.mark.parametrize("kind", ["resnet", "densenet"])
def test_the_prepared_copy_is_folded_and_equal_and_the_network_is_left_alone(kind: str) -> None:
    model: nn.Module = batch_normed()
    if kind == "densenet":
        model = DenseNet(2, 1, 3, init_features=8, growth_rate=4, block_config=(2, 2)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    faster, layout = prepared(model, images())
    norms = [sum(isinstance(part, nn.BatchNorm2d) for part in network.modules()) for network in (faster, model)]
    assert faster is not model
    assert layout == torch.channels_last
    assert norms[0] < norms[1]
    with torch.no_grad():
        torch.testing.assert_close(faster(images()), model(images()), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("activation", [nn.LeakyReLU(0.1), nn.PReLU()])
def test_instance_norms_are_replaced_at_equal_values(affine: bool, activation: nn.Module) -> None:
    torch.manual_seed(0)
    norms = [nn.InstanceNorm2d(6, affine=affine), nn.InstanceNorm2d(6, affine=affine, eps=1e-2)]
    for norm in norms:
        if affine:
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
    model = nn.Sequential(nn.Conv2d(1, 6, 3), norms[0], activation, nn.Conv2d(6, 6, 3), norms[1]).eval()
    faster, layout = prepared(model, images())
    assert faster is not model
    assert (layout == torch.channels_last) == isinstance(activation, nn.LeakyReLU)
    assert not any(isinstance(part, nn.InstanceNorm2d) for part in faster.modules())
    assert sum(isinstance(part, nn.InstanceNorm2d) for part in model.modules()) == 2
    # Far from zero, where a variance taken as a difference of means would lose its digits.
    far = images() * 0.1 + 30
    with torch.no_grad():
        exact = copy.deepcopy(model).double()(far.double())
        found = faster(far.contiguous(memory_format=layout))
        usual = float((model(far) - exact).abs().max())
    assert float((found - exact).abs().max()) < 4 * usual + 1e-5


def test_an_instance_norm_with_statistics_of_its_own_is_left() -> None:
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.InstanceNorm2d(6, track_running_stats=True)).eval()
    assert prepared(model, images())[0] is model


class _UsedTwice(nn.Module):
    """A convolution whose output is read beside the norm as well: folding would change what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)
        self.norm.running_mean = torch.ones(3)

    def forward(self, pictures: Tensor) -> Tensor:
        made = self.conv(pictures)
        return (self.norm(made) + made).mean((2, 3))


def test_a_network_that_folding_would_change_is_used_as_it_is() -> None:
    model = _UsedTwice().eval()
    assert prepared(model, images()) == (model, torch.contiguous_format)
    without_norm = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())
    assert prepared(without_norm, images()) == (without_norm, torch.contiguous_format)


def spoil_and_fail(model: nn.Module, parameter: nn.Parameter) -> None:
    with untouched(model):
        assert not model.training
        assert not parameter.requires_grad
        next(model.buffers()).add_(1)
        raise KeyError


def test_the_network_is_as_it_was_also_after_an_error() -> None:
    model = batch_normed().train()
    parameter = next(model.parameters())
    parameter.grad = torch.ones_like(parameter)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(KeyError):
        spoil_and_fail(model, parameter)
    assert all(module.training for module in model.modules())
    assert parameter.requires_grad
    assert parameter.grad is not None
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_input_gradient_equals_finite_differences() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(3 * 36, 2)).double()
    pictures = images(1, 8).double()
    values, gradient = input_gradient(model, pictures, ClassTarget(1))
    step = torch.zeros_like(pictures)
    step[0, 0, 3, 4] = 1e-5
    with torch.no_grad():
        slope = (model(pictures + step) - model(pictures - step))[0, 1] / 2e-5
    assert float(gradient[0, 0, 3, 4]) == pytest.approx(float(slope), rel=1e-5)
    assert float(values[0]) == pytest.approx(float(model(pictures)[0, 1].detach()))
    assert not pictures.requires_grad
