"""What holds of faithfulness metrics for any map, any number of channels and any size of image."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from evaluation.metrics import registry
from foundation.registry import parameters_of
from foundation.targets import ClassTarget
from tests.evaluation.metrics.networks import Linear, classifier

CORRELATIONS = ("faithfulness-correlation", "faithfulness-estimate", "sensitivity-n")
CURVES = ("deletion", "insertion", "srg", "pixel-flipping")
EVERY = (*CORRELATIONS, *CURVES, "infidelity", "irof")
FEW: dict[str, dict[str, Any]] = {
    "faithfulness-correlation": {"subsets": 12, "share": 0.3},
    "sensitivity-n": {"subsets": 8, "shares": (0.2, 0.6)},
    "faithfulness-estimate": {"steps": 6},
    "infidelity": {"side": 3},
    "irof": {"segments": "grid", "cells": 3},
}
CLASS = ClassTarget(1)
MODELS = {channels: classifier(channels).eval() for channels in (1, 2, 3)}

brief = settings(max_examples=15, deadline=None, derandomize=True)
seeds, sides, channels = st.integers(0, 2**30), st.integers(3, 9), st.integers(1, 3)


def pictures(seed: int, count: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(count, channels, height, width, generator=generator),
        torch.randn(count, height, width, generator=generator),
    )


def score(name: str, model: torch.nn.Module, images: Tensor, maps: Tensor, **fields: Any) -> Tensor:
    return registry.build(name, {**FEW.get(name, {}), **fields}).score(model, images, maps, CLASS, seed=1)


def same(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=2e-3, atol=2e-4, equal_nan=True)


@pytest.mark.parametrize("name", EVERY)
@given(seed=seeds, channels=channels, height=sides, width=sides)
@brief
def test_any_size_and_number_of_channels_will_do(name: str, seed: int, channels: int, height: int, width: int) -> None:
    images, maps = pictures(seed, 2, channels, height, width)
    found = score(name, MODELS[channels], images, maps)
    assert torch.isfinite(found).all()
    if name in CORRELATIONS:
        assert (found.abs() <= 1 + 1e-6).all()
    if name == "infidelity":
        assert (found >= 0).all()
    if name == "irof":
        assert (found <= 1).all()


@pytest.mark.parametrize("name", EVERY)
@given(seed=seeds, height=sides, width=sides)
@brief
def test_a_map_that_is_doubled_scores_the_same(name: str, seed: int, height: int, width: int) -> None:
    """Doubling is exact in floating point. Infidelity reads the map's unit, unless it is told to fit it."""
    images, maps = pictures(seed, 2, 2, height, width)
    fields = {"scaled": True} if name == "infidelity" else {}
    same(score(name, MODELS[2], images, 2 * maps, **fields), score(name, MODELS[2], images, maps, **fields))


@pytest.mark.parametrize("name", EVERY)
@given(seed=seeds, order=st.permutations(range(3)))
@brief
def test_the_order_of_the_batch_is_that_of_the_scores(name: str, seed: int, order: list[int]) -> None:
    images, maps = pictures(seed, 3, 2, 5, 6)
    index = torch.tensor(order)
    same(score(name, MODELS[2], images[index], maps[index]), score(name, MODELS[2], images, maps)[index])


@pytest.mark.parametrize("name", CURVES)
@given(seed=seeds, height=sides, width=sides)
@brief
def test_curves_read_the_order_of_the_pixels_alone(name: str, seed: int, height: int, width: int) -> None:
    images, maps = pictures(seed, 2, 2, height, width)
    ranks = maps.flatten(1).argsort(1).argsort(1).view_as(maps).float()
    same(score(name, MODELS[2], images, ranks), score(name, MODELS[2], images, maps))


@pytest.mark.parametrize("name", ["faithfulness-correlation", "sensitivity-n"])
@given(seed=seeds, offset=st.floats(-3, 3), height=sides, width=sides)
@brief
def test_sets_of_one_size_do_not_see_an_offset(name: str, seed: int, offset: float, height: int, width: int) -> None:
    images, maps = pictures(seed, 2, 2, height, width)
    same(score(name, MODELS[2], images, maps + offset), score(name, MODELS[2], images, maps))


@pytest.mark.parametrize("name", ["faithfulness-correlation", "sensitivity-n"])
@given(seed=seeds, height=sides, width=sides)
@brief
def test_the_opposite_map_scores_the_opposite(name: str, seed: int, height: int, width: int) -> None:
    images, maps = pictures(seed, 2, 2, height, width)
    same(score(name, MODELS[2], images, -maps), -score(name, MODELS[2], images, maps))


@pytest.mark.parametrize("name", EVERY)
@given(seed=seeds, height=sides, width=sides)
@brief
def test_an_image_that_is_repeated_over_channels_scores_the_same(name: str, seed: int, height: int, width: int) -> None:
    """A network that averages three equal channels is the network of one: a step takes pixels, not channel entries."""
    images, maps = pictures(seed, 2, 1, height, width)
    weights = torch.randn(2, 1, height, width, generator=torch.Generator().manual_seed(seed))
    grey = score(name, Linear(weights), images, maps)
    same(score(name, Linear(weights.expand(-1, 3, -1, -1) / 3), images.expand(-1, 3, -1, -1), maps), grey)


@pytest.mark.parametrize("name", EVERY)
@given(seed=seeds)
@brief
def test_the_sign_policy_is_what_it_says(name: str, seed: int) -> None:
    images, maps = pictures(seed, 2, 2, 6, 5)
    for sign, read in (("positive", maps.clamp(min=0)), ("absolute", maps.abs())):
        same(score(name, MODELS[2], images, maps, sign=sign), score(name, MODELS[2], images, read))


@pytest.mark.parametrize("name", EVERY)
def test_it_has_the_fields_that_all_removal_has(name: str) -> None:
    assert {"sign", "baseline", "scale"} <= {parameter.name for parameter in parameters_of(registry[name])}
