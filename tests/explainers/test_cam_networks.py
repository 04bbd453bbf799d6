"""Each CAM method on each network, against formulae written out on activations and gradients of plain autograd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from explainers.layers import default_layer
from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import AWKWARD_SIDES, NETWORKS, SEGMENTING, build, picture

CAMS = [method.name for method in registry if method.name.endswith(("-cam", "-cam++")) and "guided" not in method.name]
CASES = [(name, 1 + 2 * (place % 2)) for place, name in enumerate(AWKWARD_SIDES)]
Array = np.ndarray
SHALLOWER = {"se-resnet": "layer2", "efficient-net": "_blocks.1"}  # fewer channels to take away one by one


def setting(network: str, channels: int) -> tuple[nn.Module, Tensor, Target]:
    """In double precision, so that nothing but the formula is compared."""
    model = build(network, channels).double()
    images = picture(2, channels, AWKWARD_SIDES[network]).double()
    if network not in SEGMENTING:
        return model, images, ClassTarget(torch.tensor([1, 2]))
    mask = torch.zeros((2, *images.shape[2:]), dtype=torch.bool)
    mask[:, 9:25, 11:30] = True
    return model, images, RegionTarget(1, mask)


def last_output(model: nn.Module, images: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """What the layer returned last, in the graph of the network's output."""
    kept: list[Tensor] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, given, output: kept.append(output))
    output = model(images)
    handle.remove()
    return kept[-1], output


def grad_cam(a: Array, g: Array) -> Array:
    return np.einsum("chw,c->hw", a, g.mean((1, 2)))


def grad_cam_plus_plus(a: Array, g: Array) -> Array:
    below = 2 * g**2 + a.sum((1, 2), keepdims=True) * g**3
    alpha = np.divide(g**2, below, out=np.zeros_like(g), where=g != 0)
    return np.einsum("chw,c->hw", a, (alpha * np.maximum(g, 0)).sum((1, 2)))


def layer_cam(a: Array, g: Array) -> Array:
    return (np.maximum(g, 0) * a).sum(0)


def hires_cam(a: Array, g: Array) -> Array:
    return (g * a).sum(0)


def xgrad_cam(a: Array, g: Array) -> Array:
    total = a.sum((1, 2))
    weights = np.divide((g * a).sum((1, 2)), total, out=np.zeros_like(total), where=total != 0)
    return np.einsum("chw,c->hw", a, weights)


def eigen_cam(a: Array, g: Array) -> Array:
    # Oracle: the singular value decomposition of the centred places x channels matrix.
    places = a.reshape(len(a), -1).T
    places = places - places.mean(0)
    left, values, _ = np.linalg.svd(places, full_matrices=False)
    scores = left[:, 0] * values[0]
    return (scores * np.sign(np.corrcoef(scores, places.mean(1))[0, 1])).reshape(a.shape[1:])


FORMULAE: dict[str, Callable[[Array, Array], Array]] = {
    "grad-cam": grad_cam,
    "grad-cam++": grad_cam_plus_plus,
    "layer-cam": layer_cam,
    "hires-cam": hires_cam,
    "xgrad-cam": xgrad_cam,
    "eigen-cam": eigen_cam,
}


def rectified(coarse: Tensor, images: Tensor) -> Tensor:
    size = tuple(images.shape[2:])
    return interpolate(coarse[:, None].clamp(min=0), size=size, mode="bilinear", align_corners=False)[:, 0].float()


def close(found: Tensor, wanted: Tensor, relative: float = 1e-4) -> None:
    torch.testing.assert_close(found, wanted, rtol=relative, atol=relative * float(wanted.abs().max()))


@pytest.mark.parametrize("network, channels", CASES)
def test_the_family_equals_its_formulae(network: str, channels: int) -> None:
    model, images, target = setting(network, channels)
    layer = default_layer(model, images)
    activation, output = last_output(model, images, layer)
    (gradient,) = torch.autograd.grad(target.bind(model, images)(output).sum(), activation)
    pairs = list(zip(activation.detach().numpy(), gradient.numpy(), strict=True))
    for name, formula in FORMULAE.items():
        wanted = torch.from_numpy(np.stack([formula(a, g) for a, g in pairs]))
        method = registry.build(name, {"layer": layer})
        close(method.explain(model, images, target), rectified(wanted, images))


@pytest.mark.parametrize("network, channels", CASES)
def test_ablation_cam_equals_whole_passes_without_each_channel(network: str, channels: int) -> None:
    # Oracle: Ramaswamy & Desai 2020, by one pass of the whole network a channel.
    model, images, target = setting(network, channels)
    layer = SHALLOWER.get(network) or default_layer(model, images)
    with torch.no_grad():
        activation, output = last_output(model, images, layer)
    calls = sum(1 for _ in calls_of(model, images, layer))
    bound = target.bind(model, images)
    drops = torch.stack(
        [bound(output) - bound(without(model, images, layer, channel, calls)) for channel in range(activation.shape[1])]
    )
    weights = (drops / bound(output).abs()).T
    wanted = rectified((weights[:, :, None, None] * activation).sum(1), images)
    close(registry.build("ablation-cam", {"layer": layer}).explain(model, images, target), wanted)
    assert wanted.max() > 0


def calls_of(model: nn.Module, images: Tensor, layer: str) -> list[None]:
    seen: list[None] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, given, output: seen.append(None))
    model(images)
    handle.remove()
    return seen


def without(model: nn.Module, images: Tensor, layer: str, channel: int, calls: int) -> Tensor:
    """The output with one channel of the layer's last output set to zero."""
    seen: list[None] = []

    def ablate(module: nn.Module, given: object, output: Tensor) -> Tensor | None:
        seen.append(None)
        if len(seen) < calls:
            return None
        output = output.clone()
        output[:, channel] = 0
        return output

    handle = model.get_submodule(layer).register_forward_hook(ablate)
    with torch.no_grad():
        found: Tensor = model(images)
    handle.remove()
    return found


@pytest.mark.parametrize("network", NETWORKS)
def test_every_cam_maps_every_network_or_says_why_not(network: str) -> None:
    model, images = build(network, 3), picture(1, 3)
    target: Target = RegionTarget(1) if network in SEGMENTING else ClassTarget(1)
    for name in CAMS:
        if network == "vit":
            with pytest.raises(ValueError, match=r"works on tokens.*integrated-gradients or occlusion"):
                registry.build(name).explain(model, images, target)
            continue
        found = registry.build(name).explain(model, images, target)
        assert found.shape == (1, 32, 32)
        assert torch.isfinite(found).all()


def test_a_named_layer_of_feature_maps_of_a_vision_transformer_is_taken() -> None:
    model, images = build("vit"), picture(1)
    method = registry.build("hires-cam", {"layer": "network.patch_embedding.patch_embeddings", "signed": True})
    assert method.explain(model, images, ClassTarget(1)).abs().max() > 0


def test_a_region_is_predicted_in_the_pass_that_gives_the_gradient() -> None:
    model, images = build("basic-unet"), picture(6)
    bound = RegionTarget(1).bind(model, images)
    seen: list[int] = []
    method = registry.build("grad-cam", {"layer": "down_4"})
    method.explain(model, images, RegionTarget(1))  # finds out how many images a pass may hold
    handle = model.register_forward_hook(lambda module, given, output: seen.append(len(output)))
    found = method.explain(model, images, RegionTarget(1))
    handle.remove()
    torch.testing.assert_close(found, method.explain(model, images, bound))
    assert sum(seen) <= len(images) + 1


def test_an_empty_predicted_region_is_named_by_its_image() -> None:
    model, images = build("basic-unet"), picture(6)

    def blind(module: nn.Module, given: object, output: Tensor) -> Tensor:
        found = output.clone()
        if len(found) == 2:  # the last two of six, which go through in fours
            found[1, 1] = -1e3
        return found

    handle = model.register_forward_hook(blind)
    with pytest.raises(ValueError, match="image 5 is empty"):
        registry.build("grad-cam", {"layer": "down_4"}).explain(model, images, RegionTarget(1))
    handle.remove()
