"""What every explainer promises, asked of each one in the registry."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from explainers.base import Explainer
from explainers.methods import registry
from foundation.registry import parameters_of
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import build, picture

METHODS = [pytest.param(method, id=method.name) for method in registry]
NETWORKS = [("resnet", 1), ("densenet", 3), ("basic-unet", 1), ("plain", 3)]

# Parameters that make the dear methods quick in these tests.
QUICK: dict[str, dict[str, Any]] = {
    "kernel-shap": {"samples": 40, "cells": 4},
    "permutation-shap": {"pairs": 2, "cells": 4},
    "partition-shap": {"evaluations": 40},
    "lime": {"samples": 40, "cells": 4},
    "rise": {"samples": 40},
    "integrated-gradients": {"steps": 8, "most_steps": 16},
    "occlusion": {"window": 8, "stride": 8},
}


def quick(method: type[Explainer]) -> Explainer:
    return method(**QUICK.get(method.name, {}))


def target_for(network: str, count: int) -> Target:
    if "unet" in network:
        mask = torch.zeros((count, 32, 32), dtype=torch.bool)
        mask[:, 8:20, 10:24] = True
        return RegionTarget(1, mask)
    return ClassTarget(torch.arange(count) % 3)


def extras(count: int) -> dict[str, Any]:
    masks = torch.zeros((count, 32, 32), dtype=torch.bool)
    masks[:, 4:9, 5:11] = True
    return {"masks": masks, "donors": torch.rand((count, 32, 32), generator=torch.Generator().manual_seed(5))}


def state_of(model: nn.Module) -> list[Any]:
    state: list[Any] = [(name, tensor.clone()) for name, tensor in model.state_dict().items()]
    state += [(module.training, len(module._forward_hooks)) for module in model.modules()]
    state += [(len(module._forward_pre_hooks), len(module._backward_hooks)) for module in model.modules()]
    state += [(id(item), item.requires_grad, item.grad) for item in model.parameters()]
    return state


def same(first: list[Any], second: list[Any]) -> bool:
    def equal(a: Any, b: Any) -> bool:
        return a is b or (torch.equal(a, b) if isinstance(a, Tensor) else a == b)

    return len(first) == len(second) and all(
        all(equal(a, b) for a, b in zip(x, y, strict=True)) for x, y in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("method", METHODS)
def test_it_states_its_facts(method: type[Explainer]) -> None:
    assert method.__doc__
    for fact in (method.title, method.reference, method.summary, method.caveat, method.version):
        assert fact
        assert isinstance(fact, str)
    assert method.summary.endswith(".")
    assert method.caveat.endswith(".")
    assert method.needs <= {"masks", "donors"}
    assert all(parameter.help for parameter in parameters_of(method))


@pytest.mark.parametrize("network, channels", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_it_maps_each_image_alone(method: type[Explainer], network: str, channels: int) -> None:
    model, images, explainer = build(network, channels), picture(3, channels), quick(method)
    target, given = target_for(network, 3).bind(model, images), extras(3)

    maps = explainer.explain(model, images, target, **given, seed=4)

    assert maps.shape == (3, 32, 32)
    assert maps.dtype == torch.float32
    assert not maps.requires_grad
    assert torch.isfinite(maps).all()
    if not explainer.signed:
        assert (maps >= 0).all()
    order = torch.tensor([2, 0])
    other = explainer.explain(
        model, images[order], target.take(order), **{name: item[order] for name, item in given.items()}, seed=4
    )
    torch.testing.assert_close(other, maps[order], rtol=1e-3, atol=1e-5 * float(maps.abs().max()) + 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_map_within_any_memory(method: type[Explainer]) -> None:
    model, images, explainer = build("resnet"), picture(2), quick(method)
    small = explainer.explain_with_record(model, images, ClassTarget(1), **extras(2), seed=1, memory_mb=0.01)
    large = explainer.explain_with_record(model, images, ClassTarget(1), **extras(2), seed=1)
    torch.testing.assert_close(small.maps, large.maps, rtol=1e-3, atol=1e-5 * float(large.maps.abs().max()) + 1e-9)
    assert len(small.record) == 2


@pytest.mark.parametrize("method", METHODS)
def test_it_leaves_the_network_as_it_was(method: type[Explainer]) -> None:
    model, explainer = build("resnet"), quick(method)
    model.train()
    model.get_submodule("layer1").eval()
    first, *_, last = model.parameters()
    first.requires_grad_(False)
    last.grad = torch.ones_like(last)
    images = picture(2)
    before, untouched_images = state_of(model), images.clone()

    explainer.explain(model, images, ClassTarget(0), **extras(2))
    assert same(before, state_of(model))
    assert torch.equal(images, untouched_images)
    assert not images.requires_grad

    with pytest.raises(ValueError):
        explainer.explain(model, images, ClassTarget(9), **extras(2))
    assert same(before, state_of(model))


class Interrupted(Exception):
    """Something goes wrong in the middle of a forward pass."""


@pytest.mark.parametrize("share", [0.0, 0.6])
@pytest.mark.parametrize("method", METHODS)
def test_it_leaves_the_network_as_it_was_after_an_error_in_the_middle(method: type[Explainer], share: float) -> None:
    model, explainer, images = build("functional"), quick(method), picture(2)
    model.train()
    first = next(model.parameters())
    first.grad = torch.ones_like(first)
    passes, allowed = 0, 10**9

    def count(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        nonlocal passes
        passes += 1
        if passes > allowed:
            raise Interrupted

    model.get_submodule("head").register_forward_pre_hook(count)
    before = state_of(model)
    explainer.explain(model, images, ClassTarget(0), **extras(2))
    assert same(before, state_of(model))
    passes, allowed = 0, int(share * (passes - 1))
    with pytest.raises(Interrupted):
        explainer.explain(model, images, ClassTarget(0), **extras(2))
    assert same(before, state_of(model))


@pytest.mark.parametrize("method", METHODS)
def test_it_refuses_wrong_arguments(method: type[Explainer]) -> None:
    model, images, explainer = build("plain"), picture(2), quick(method)
    spoilt = images.clone()
    spoilt[1, 0, 3, 3] = float("nan")
    with pytest.raises(ValueError, match="Image 1 holds values that are not finite"):
        explainer.explain(model, spoilt, ClassTarget(0), **extras(2))
    with pytest.raises(ValueError, match="must be a tensor"):
        explainer.explain(model, images[0], ClassTarget(0), **extras(2))
    with pytest.raises(ValueError, match="floating-point"):
        explainer.explain(model, images.long(), ClassTarget(0), **extras(2))
    with pytest.raises(ValueError, match="out of range"):
        explainer.explain(model, images, ClassTarget(3), **extras(2))
    with pytest.raises(ValueError, match="The network cannot take images"):
        explainer.explain(model, picture(2, 3), ClassTarget(0), **extras(2))
    empty = torch.zeros((2, 32, 32), dtype=torch.bool)
    with pytest.raises(ValueError, match="is empty"):
        explainer.explain(build("unet"), images, RegionTarget(1, empty), **extras(2))
    for need in method.needs:
        with pytest.raises(ValueError, match=f"needs {need}"):
            explainer.explain(model, images, ClassTarget(0), **{**extras(2), need: None})
        with pytest.raises(ValueError, match="of shape"):
            explainer.explain(model, images, ClassTarget(0), **{**extras(2), need: extras(2)[need][:1]})


@pytest.mark.parametrize("method", METHODS)
def test_it_works_where_gradients_are_off(method: type[Explainer]) -> None:
    model, images, explainer = build("plain"), picture(1), quick(method)
    usual = explainer.explain(model, images, ClassTarget(0), **extras(1))
    with torch.no_grad():
        assert torch.equal(explainer.explain(copy.deepcopy(model), images, ClassTarget(0), **extras(1)), usual)
    with torch.inference_mode():
        assert torch.equal(explainer.explain(model, images, ClassTarget(0), **extras(1)), usual)
