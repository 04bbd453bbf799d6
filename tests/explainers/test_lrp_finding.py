"""LRP finds the nodule on the demo's trained networks, and does not on a network that has learned nothing."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import max_pool2d

from explainers.methods import registry
from explainers.methods.randomised_model import randomised
from foundation.targets import ClassTarget, RegionTarget, Target
from portal.networks.loading import load_folder
from portal.networks.performance import WEIGHTS
from portal.networks.samples import Samples, samples
from portal.phantoms import ladder_set


@lru_cache
def nodules(slug: str, count: int = 5) -> tuple[torch.nn.Module, Samples]:
    """A demo network and phantoms with a nodule that is not hard to see."""
    network = load_folder(WEIGHTS / slug)
    specs = [spec for spec in ladder_set(11, 40) if spec.level in (1, 2, 3)][:count]
    return network.model, samples(specs, network.description.preprocessing)


def gain(maps: Tensor, masks: Tensor) -> Tensor:
    """The share of positive relevance within the masks, over that of an even map `(B,)`."""
    positive = maps.clamp(min=0).flatten(1)
    return (positive * masks.flatten(1)).sum(1) / positive.sum(1) / masks.flatten(1).float().mean(1)


def hits(maps: Tensor, masks: Tensor, tolerance: int = 4) -> Tensor:
    """Whether the maximum lies within `tolerance` pixels of the mask `(B,)`."""
    near = max_pool2d(masks[:, None].float(), 2 * tolerance + 1, 1, tolerance)[:, 0].flatten(1)
    return near.gather(1, maps.flatten(1).argmax(1)[:, None])[:, 0] > 0


@pytest.mark.parametrize("slug, target", [("chest-clean", ClassTarget(1)), ("nodule-unet", RegionTarget(1))])
def test_relevance_lies_on_the_nodule(slug: str, target: Target) -> None:
    model, data = nodules(slug)
    maps = registry.build("lrp").explain(model, data.images, target)
    assert (gain(maps, data.masks) > 10).all()  # 32 and more were seen
    assert hits(maps, data.masks).all()


def test_the_map_of_a_randomised_network_is_another_and_misses_the_nodule() -> None:
    model, data = nodules("chest-clean")
    trained = registry.build("lrp").explain(model, data.images, ClassTarget(1))
    for seed in (1, 2):
        random = registry.build("lrp").explain(randomised(model, seed), data.images, ClassTarget(1))
        ranks = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(trained, random, strict=True)]
        assert abs(sum(ranks) / len(ranks)) < 0.5
        assert (gain(trained, data.masks) > 4 * gain(random, data.masks).nan_to_num()).all()
        assert not hits(random, data.masks).all()
