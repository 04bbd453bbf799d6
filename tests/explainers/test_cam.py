"""Class activation maps: the default layer, the pair, and the formulae against autograd and captum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn
from torch.nn.functional import interpolate

from explainers.layers import default_layer
from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget
from tests.explainers import sines
from tests.explainers.networks import build, picture

PEER = json.loads((Path(__file__).parent / "golden" / "pytorch_grad_cam.json").read_text())


@pytest.mark.parametrize(
    "network, layer",
    [
        ("resnet", "layer4"),
        ("densenet", "class_layers.relu"),
        ("plain", "4"),
        ("basic-unet", "down_4"),
        ("unet", "model.1.submodule.1.submodule"),
        ("se-resnet", "layer4"),
        ("efficient-net", "_swish"),
        ("seg-resnet", "down_layers.2"),
        ("attention-unet", "model.1.submodule.1.submodule"),
    ],
)
def test_the_default_layer_is_before_pooling_or_the_bottleneck(network: str, layer: str) -> None:
    assert default_layer(build(network), picture(1, side=64)) == layer


def test_a_network_without_pooling_or_a_smaller_layer_uses_the_one_before_its_output() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 1))
    assert default_layer(model, picture()) == "1"


def test_grad_cam_equals_captum_on_a_layer_followed_by_an_in_place_relu() -> None:
    # Oracle: captum's LayerGradCam (attributions are the ReLU-ed sum, at the layer's resolution).
    model, images = build("plain"), picture(2)
    wanted = LayerGradCam(model, model.get_submodule("3")).attribute(images, target=1, relu_attributions=True)
    wanted = interpolate(wanted, size=(32, 32), mode="bilinear", align_corners=False)[:, 0]
    found = registry.build("grad-cam", {"layer": "3"}).explain(model, images, ClassTarget(1))
    torch.testing.assert_close(found, wanted.detach(), rtol=1e-4, atol=1e-7)
    assert found.max() > 0


@pytest.mark.parametrize("network", ["resnet", "densenet"])
def test_signed_grad_cam_equals_captum(network: str) -> None:
    # Oracle: captum's LayerGradCam without its ReLU.
    model, images = build(network), picture(2)
    layer = default_layer(model, images)
    wanted = LayerGradCam(model, model.get_submodule(layer)).attribute(images, target=2)
    wanted = interpolate(wanted, size=(32, 32), mode="bilinear", align_corners=False)[:, 0]
    found = registry.build("grad-cam", {"signed": True}).explain(model, images, ClassTarget(2))
    torch.testing.assert_close(found, wanted.detach(), rtol=1e-4, atol=1e-7)


def test_grad_cam_of_a_region_equals_the_formula_by_plain_autograd() -> None:
    # Oracle: the network cut in two by hand, Selvaraju's eq. 1 and 2 written out.
    torch.manual_seed(0)
    images = picture(2)
    first = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU())
    second = nn.Sequential(nn.ConvTranspose2d(4, 2, 2, stride=2))
    model = nn.Sequential(first, second)
    mask = torch.zeros((2, 32, 32), dtype=torch.bool)
    mask[:, 3:9, 4:20] = True
    activation = first(images).detach().requires_grad_()
    second(activation)[:, 1][mask].sum().backward()
    gradient = activation.grad
    assert gradient is not None
    coarse = (gradient.mean((2, 3), keepdim=True) * activation).sum(1, keepdim=True).clamp(min=0).detach()
    wanted = interpolate(coarse, size=(32, 32), mode="bilinear", align_corners=False)[:, 0]
    found = registry.build("grad-cam").explain(model, images, RegionTarget(1, mask))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_changed_network_gets_another_default_layer() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    grad_cam = registry.build("grad-cam")
    made = [grad_cam.explain_with_record(model, picture(1), ClassTarget(0)).record[0]["layer"] for _ in range(2)]
    assert made == ["1", "1"]
    model.insert(2, nn.Tanh())
    assert grad_cam.explain_with_record(model, picture(1), ClassTarget(0)).record[0]["layer"] == "2"


@pytest.mark.parametrize("layer, sentence", [("nowhere", "no layer 'nowhere'"), ("fc", "no stack of feature maps")])
def test_a_wrong_layer_is_refused(layer: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        registry.build("grad-cam", {"layer": layer}).explain(build("resnet"), picture(), ClassTarget(0))


@pytest.mark.parametrize("name", sorted(PEER["maps"]))
def test_it_equals_pytorch_grad_cam(name: str) -> None:
    # Oracle: stored maps of pytorch_grad_cam 1.5.7, which scales each into [0, 1]. (Its Grad-CAM++ adds 1e-6 to the
    # denominator of alpha, where squared gradients are not much larger, and is no oracle.)
    found = registry.build(name, {"layer": "4"}).explain(sines.network(), sines.image(), ClassTarget(PEER["class"]))[0]
    scaled = (found - found.min()) / (found.max() - found.min())
    wanted = np.array(PEER["maps"][name])
    assert np.abs(scaled.numpy() - wanted).max() < 1e-5
