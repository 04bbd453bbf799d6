"""Gradient methods and LRP beside captum and beside the passes that they inherently need."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection

import torch
from captum.attr import DeepLift, IntegratedGradients
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.densenet import DenseNet121
from monai.networks.nets.resnet import resnet18
from torch import Tensor, nn

from explainers import explain_all
from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.bench.figures import Race, figure, peak_mb

GROUP = "Gradient methods and LRP, MONAI networks, images of 224 x 224"
STEPS = 50


def _resnet(count: int) -> tuple[nn.Module, Tensor, Target]:
    torch.manual_seed(0)
    model = resnet18(spatial_dims=2, n_input_channels=1, num_classes=14, conv1_t_stride=2).eval()
    return model, torch.randn(count, 1, 224, 224), ClassTarget(1)


def _densenet(count: int) -> tuple[nn.Module, Tensor, Target]:
    torch.manual_seed(0)
    model = DenseNet121(spatial_dims=2, in_channels=1, out_channels=14).eval()
    return model, torch.randn(count, 1, 224, 224), ClassTarget(1)


def _unet(count: int) -> tuple[nn.Module, Tensor, Target]:
    torch.manual_seed(0)
    region = torch.zeros((count, 224, 224), dtype=torch.bool)
    region[:, 60:140, 80:170] = True
    return BasicUNet(2, 1, 2).eval(), torch.randn(count, 1, 224, 224), RegionTarget(1, region)


def _input_gradient(model: nn.Module, images: Tensor, target: Target) -> Tensor:
    inputs = images.clone().requires_grad_(True)
    return torch.autograd.grad(target(model(inputs)).sum(), inputs)[0]


def _lrp(setting: Callable[[int], tuple[nn.Module, Tensor, Target]], count: int) -> Race:
    model, images, target = setting(count)
    method, alike = registry.build("lrp"), target.bind(model, images)
    return Race(lambda: method.explain(model, images, target), lambda: _input_gradient(model, images, alike), repeats=3)


@figure(GROUP, "LRP, ResNet-18, over a forward and an input gradient", at_most=4.0)
def lrp_resnet() -> Race:
    """Layer-wise relevance propagation, default rule."""
    return _lrp(_resnet, 4)


@figure(GROUP, "LRP, DenseNet-121, over a forward and an input gradient", at_most=4.0)
def lrp_densenet() -> Race:
    """Concatenations."""
    return _lrp(_densenet, 2)


@figure(GROUP, "LRP, BasicUNet, over a forward and an input gradient", at_most=4.0)
def lrp_unet() -> Race:
    """Instance norms, leaking rectifiers, transposed convolutions."""
    return _lrp(_unet, 2)


def _ours(model: nn.Module, images: Tensor) -> Tensor:
    method = registry.build("integrated-gradients", {"steps": STEPS, "most_steps": STEPS})
    return method.explain(model, images, ClassTarget(1))


def _captums(model: nn.Module, images: Tensor) -> Tensor:
    made: Tensor = IntegratedGradients(model).attribute(images, target=1, n_steps=STEPS)
    return made.detach().sum(1)


@figure(GROUP, "integrated gradients, 50 steps: captum's default over ours", at_least=1.8)
def integrated_gradients() -> Race:
    """Time at equal values."""
    model, images, _ = _resnet(4)
    ours, other = _ours(model, images[:1]), _captums(model, images[:1])
    torch.testing.assert_close(ours, other.float(), rtol=1e-3, atol=1e-4 * float(other.abs().max()))
    return Race(partial(_ours, model, images), partial(_captums, model, images), repeats=1)


def _peak(act: Callable[[nn.Module, Tensor], Tensor], sender: Connection) -> None:
    torch.set_num_threads(1)
    model, images, _ = _resnet(4)
    with torch.no_grad():
        model(images[:1])  # what the first pass allocates for good
    sender.send(peak_mb(lambda: act(model, images)))


def _peak_apart(act: Callable[[nn.Module, Tensor], Tensor]) -> float:
    """The rise of memory in a process of its own, where nothing freed before can be used again."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_peak, args=(act, sender))
    process.start()
    sender.close()
    found = float(receiver.recv())
    process.join()
    return found


@figure(GROUP, "integrated gradients, 50 steps: our memory over captum's default", at_most=0.1)
def integrated_gradients_memory() -> float:
    """Resident memory above what the network and the images take."""
    return _peak_apart(_ours) / _peak_apart(_captums)


@figure(GROUP, "saliency and input x gradient together over one input gradient", at_most=1.1)
def one_gradient_for_two() -> Race:
    """The shared gradient."""
    model, images, target = _resnet(16)
    methods = {name: registry.build(name) for name in ("saliency", "input-x-gradient")}
    alike = target.bind(model, images)
    return Race(
        lambda: explain_all(model, images, target, methods), lambda: _input_gradient(model, images, alike), repeats=3
    )


@figure(GROUP, "DeepLIFT, DenseNet-121: captum's over ours", at_least=1.0)
def deep_lift() -> Race:
    """Time; captum's map is not the same where a pooling stands behind an activation."""
    model, images, target = _densenet(2)
    method, peer = registry.build("deep-lift"), DeepLift(model)
    return Race(
        lambda: method.explain(model, images, target),
        lambda: peer.attribute(images.clone().requires_grad_(), target=1),
        repeats=3,
    )
