"""The CAM family beside the bare passes that it needs, beside its own sum, and beside pytorch_grad_cam."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np
import torch
from monai.networks.nets.basic_unet import BasicUNet
from torch import Tensor, nn

from explainers import explain_all
from explainers.base import Request
from explainers.cam import upsampled
from explainers.methods import registry
from explainers.methods.eigen_cam import EigenCam
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.bench.figures import Race, figure, seconds
from tests.bench.peers import SIDE, Setting, forward, grad_cam, images, setting

GROUP = "CAM family, 16 images of 1 x 224 x 224"
FAMILY = {name: registry.build(name) for name in ("grad-cam", "grad-cam++", "layer-cam", "hires-cam", "xgrad-cam")}
FAMILY["eigen-cam"] = registry.build("eigen-cam")
PEERS = {
    "grad-cam": "GradCAM",
    "grad-cam++": "GradCAMPlusPlus",
    "layer-cam": "LayerCAM",
    "hires-cam": "HiResCAM",
    "xgrad-cam": "XGradCAM",
    "eigen-cam": "EigenCAM",
    "ablation-cam": "AblationCAM",
}
# How far our map and the peer's, both scaled into [0, 1], may lie apart at any pixel.
EQUAL = 1e-4


def _together(model: nn.Module, inputs: Tensor, target: Target) -> Callable[[], object]:
    return lambda: explain_all(model, inputs, target, FAMILY)


def _family_over_forwards(name: str) -> Race:
    given = setting(name)
    ours = _together(given.model, given.images, ClassTarget(given.classes))
    return Race(ours, lambda: forward(given.model, given.images))


@figure(GROUP, "ResNet-18: six maps over one bare forward pass", at_most=1.3)
def resnet_family() -> Race:
    """Last layer, forward passes of the same batch in inference mode."""
    return _family_over_forwards("resnet18")


@figure(GROUP, "DenseNet-121: six maps over one bare forward pass", at_most=1.3)
def densenet_family() -> Race:
    """Likewise."""
    return _family_over_forwards("densenet121")


@figure(GROUP, "BasicUNet: six maps over 1.25 activation-gradient pairs + 0.2 forward", at_most=1.0)
def unet_family() -> float:
    """The region is the network's own prediction, in the bare pass as well."""
    torch.manual_seed(0)
    model = BasicUNet(spatial_dims=2, in_channels=1, out_channels=2, features=(32, 32, 64, 128, 256, 32)).eval()
    inputs, _ = images(16)
    ours = _together(model, inputs, RegionTarget(1))
    ratios = []
    for repeat in range(4):
        taken = seconds(ours)
        pair, bare = seconds(lambda: _bare_pair(model, inputs, "down_4")), seconds(lambda: forward(model, inputs))
        ratios += [taken / (1.25 * pair + 0.2 * bare)] if repeat else []
    return statistics.median(ratios)


def _bare_pair(model: nn.Module, inputs: Tensor, layer: str) -> Tensor:
    """The gradient of the predicted region's logits by a layer, with nothing before the layer differentiated."""
    kept: list[Tensor] = []

    def cut(module: nn.Module, arguments: object, output: Tensor) -> Tensor:
        kept[:] = [output.detach().requires_grad_()]
        return kept[0].clone()

    for parameter in model.parameters():
        parameter.requires_grad_(False)
    handle = model.get_submodule(layer).register_forward_hook(cut)
    logits = model(inputs)
    handle.remove()
    return torch.autograd.grad(logits[:, 1][logits.detach().argmax(1) == 1].sum(), kept[0])[0]


@figure(GROUP, "ResNet-18: six maps together over the same six apart", at_most=0.25)
def family_over_its_sum() -> Race:
    """`explain_all` beside one `explain` call a method."""
    given = setting("resnet18")
    target = ClassTarget(given.classes)

    def apart() -> None:
        for method in FAMILY.values():
            method.explain(given.model, given.images, target)

    return Race(_together(given.model, given.images, target), apart, repeats=3)


def scaled(maps: np.ndarray) -> np.ndarray:
    """Each map into [0, 1], as the peer does."""
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / np.where(high > low, high - low, 1)


def _equal(name: str, given: Setting) -> None:
    """Raise unless the peer's maps are ours; the peer's principal component may have the other sign."""
    theirs, target = grad_cam(PEERS[name], given), ClassTarget(given.classes)
    ours = [registry.build(name).explain(given.model, given.images, target).numpy()]
    if name == "eigen-cam":
        coarse = EigenCam(signed=True).combine(Request(given.model, given.images, target), given.layer_name)
        ours.append(upsampled((-coarse).clamp(min=0), (SIDE, SIDE)).numpy())
    apart = np.stack([np.abs(scaled(found) - theirs).max((1, 2)) for found in ours]).min(0).max()
    if not apart <= EQUAL:
        raise ValueError(f"{name} lies {apart:.1e} from {PEERS[name]}, {EQUAL:g} is allowed.")


def _against_the_peer(name: str, count: int = 16, repeats: int = 3) -> Race:
    given = setting("resnet18", count)
    given.classes[:] = forward(given.model, given.images).argmax(1)  # positive logits: the peer divides by them
    if name != "grad-cam++":  # its constant of 1e-6 beside squared gradients decides the peer's weights here
        _equal(name, given.first(2 if repeats > 1 else 1))
    method, theirs, target = registry.build(name), given.first(count), ClassTarget(given.classes)
    return Race(
        lambda: method.explain(given.model, given.images, target), lambda: grad_cam(PEERS[name], theirs), repeats
    )


PEER = "CAM methods, ResNet-18: pytorch_grad_cam's time over ours at equal values (1e-4 once both are scaled)"


@figure(PEER, "Grad-CAM, 16 images", at_least=3)
def grad_cam_peer() -> Race:
    """Mean gradients as weights."""
    return _against_the_peer("grad-cam")


@figure(PEER, "Grad-CAM++, 16 images (the peer's values differ)", at_least=3)
def grad_cam_plus_plus_peer() -> Race:
    """Alpha-weighted positive gradients."""
    return _against_the_peer("grad-cam++")


@figure(PEER, "Layer-CAM, 16 images", at_least=3)
def layer_cam_peer() -> Race:
    """Positive gradients place by place."""
    return _against_the_peer("layer-cam")


@figure(PEER, "HiRes-CAM, 16 images", at_least=3)
def hires_cam_peer() -> Race:
    """Gradients place by place."""
    return _against_the_peer("hires-cam")


@figure(PEER, "XGrad-CAM, 16 images", at_least=3)
def xgrad_cam_peer() -> Race:
    """Activation-weighted mean gradients."""
    return _against_the_peer("xgrad-cam")


@figure(PEER, "Eigen-CAM, 16 images (the peer's SVD on all cores, as it comes)", at_least=2)
def eigen_cam_peer() -> Race:
    """The first principal component, whose sign is arbitrary there.

    NumPy runs the peer's singular value decompositions on all cores, and the time of all of them counts; held to one
    thread it takes little more than the forward pass that both need, and the ratio is between 1 and 1.3.
    """
    return _against_the_peer("eigen-cam")


@figure(PEER, "Ablation-CAM, one image, 512 channels", at_least=50)
def ablation_cam_peer() -> Race:
    """The tail alone for each channel."""
    return _against_the_peer("ablation-cam", count=1, repeats=1)
