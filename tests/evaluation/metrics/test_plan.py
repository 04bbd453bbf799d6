"""Scoring many maps by many metrics: the values of single calls, for less work."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evaluation import score_all
from evaluation.metrics import MetricError, registry
from evaluation.metrics.inputs import prepare
from evaluation.metrics.plan import score_all_with_reasons
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Linear, Pixelwise, classifier, input_gradient
from tests.evaluation.metrics.test_contract import scene_of


class Counting(nn.Module):
    """Counts the images that pass."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.images = 0

    def forward(self, images: Tensor) -> Tensor:
        self.images += len(images)
        output: Tensor = self.model(images)
        return output


@pytest.mark.parametrize("task", ["class", "region"])
@pytest.mark.parametrize("memory_mb", [1, 1024])
def test_values_are_those_of_single_calls(task: str, memory_mb: int) -> None:
    scene = scene_of(task)
    maps = {"gradient": scene.maps, "flat": torch.ones_like(scene.maps), "opposite": -scene.maps}
    few = {"sensitivity-n": {"subsets": 15}, "faithfulness-correlation": {"subsets": 15}}
    metrics = {part.name: registry.build(part.name, few.get(part.name)) for part in registry}
    found = score_all(
        *scene[:2], maps, scene.target, metrics, masks=scene.masks, explain=input_gradient, seed=3, memory_mb=memory_mb
    )
    assert set(found) == {(label, name) for label in maps for name in metrics}
    for (label, name), scores in found.items():
        single = metrics[name].score(
            *scene[:2], maps[label], scene.target, masks=scene.masks, explain=input_gradient, seed=3
        )
        torch.testing.assert_close(scores, single, rtol=1e-5, atol=1e-6, equal_nan=True)


def test_curve_metrics_share_their_forwards() -> None:
    """Two curves of 9 inner points for each of 4 images and 2 maps, 4 whole images, one of zeros, a probe."""
    model = Counting(Linear(torch.randn(2, 1, 8, 8)))
    maps = {"first": torch.randn(4, 8, 8), "second": torch.randn(4, 8, 8)}
    metrics = {name: registry[name]() for name in ("deletion", "insertion", "srg", "pixel-flipping")}
    score_all(model, torch.randn(4, 1, 8, 8), maps, ClassTarget(0), metrics)
    assert model.images == 2 * 2 * 4 * 9 + 4 + 1 + 1


class Listening(nn.Module):
    """Keeps what passes, image by image, as it was; it holds no batch norm, so that it runs itself and not a copy."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.seen: list[bytes] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen += [image.contiguous().numpy().tobytes() for image in images + 0.0]
        output: Tensor = self.model(images)
        return output


SHARED: dict[str, dict[str, Any]] = {
    "deletion": {},
    "insertion": {},
    "pixel-flipping": {},
    "srg": {},
    "faithfulness-correlation": {},
    "sensitivity-n": {},
    "infidelity": {"side": 4},
    "irof": {"segments": "grid", "cells": 5},
}


def test_the_forwards_are_the_union_of_what_the_metrics_need() -> None:
    """Oracle: the distinct images that single calls send, listened to at the network's door; none is sent twice.

    By hand for 8 maps and 2 images there are at most: two curves of 9 inner points and 24 segments a map and image,
    300 random sets, 20 squares, the whole image and its mean an image, and one of zeros. Segments may coincide.
    """
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 1, 15, 18, generator=generator)
    maps = {str(number): torch.randn(2, 15, 18, generator=generator) for number in range(8)}
    model = Listening(Linear(torch.randn(3, 1, 15, 18, generator=generator)))
    metrics = {name: registry.build(name, fields) for name, fields in SHARED.items()}
    found = score_all(model, images, maps, ClassTarget(1), metrics)
    probe, together = model.seen[0], model.seen[1:]
    assert probe == images[0].numpy().tobytes()
    assert len(together) == len(set(together))
    assert len(together) <= 2 * (8 * (9 + 9 + 24) + 300 + 20 + 2) + 1

    alone = []
    for (label, name), scores in found.items():
        model.seen.clear()
        single = metrics[name].score(model, images, maps[label], ClassTarget(1))
        torch.testing.assert_close(scores, single, rtol=1e-4, atol=1e-5)
        alone += model.seen[1:]
    assert set(together) == set(alone)
    assert len(together) < 0.4 * len(alone)


def test_a_segmenters_forwards_are_shared_as_well() -> None:
    """Values are remembered by target there: each distinct image of each case passes once, and zeros once a case."""
    scene = scene_of("region")
    model = Listening(Pixelwise(torch.randn(3, 2)))
    metrics = {name: registry.build(name, fields) for name, fields in SHARED.items() if name != "irof"}
    score_all(model, scene.images, {"one": scene.maps, "two": scene.maps + 1}, scene.target, metrics)
    assert len(model.seen) - 1 == len(set(model.seen)) + 3


@pytest.mark.parametrize("task", ["class", "region"])
def test_a_small_budget_takes_some_images_at_a_time(task: str) -> None:
    """At 1 MB, 6 images of 31 x 33 pixels do not fit: equal values, from one network and one probe."""
    generator = torch.Generator().manual_seed(1)
    images, maps = torch.randn(6, 2, 31, 33, generator=generator), torch.randn(6, 31, 33, generator=generator)
    region = torch.rand(6, 31, 33, generator=generator) > 0.5
    target: Target = ClassTarget(torch.arange(6) % 3) if task == "class" else RegionTarget(1, region)
    model = Counting(Linear(torch.randn(3, 2, 31, 33) / 40) if task == "class" else Pixelwise(torch.randn(3, 2)))
    metrics = {
        name: registry[name]()
        for name in ("deletion", "infidelity", "irof", "faithfulness-correlation", "sparseness", "relevance-mass")
    }
    found, counts = [], []
    for memory_mb in (1, 1024):
        model.images = 0
        bound = target.bind(model, images)
        found.append(score_all(model, images, {"map": maps}, bound, metrics, masks=region, memory_mb=memory_mb))
        counts.append(model.images)
    for key in found[0]:
        torch.testing.assert_close(found[0][key], found[1][key], rtol=1e-4, atol=1e-5)
    assert counts[0] <= counts[1] + 6
    inputs = prepare(model, images, maps, target, needs=frozenset({"model"}), masks=region, memory_mb=1)
    parts = inputs.parts()
    assert 1 < len(parts) <= 6
    assert torch.equal(torch.cat([part.images for part in parts]), images)
    assert all(part.forwards() is parts[0].forwards() for part in parts)


def test_maps_are_made_anew_for_all_images_at_once() -> None:
    """A function that makes maps may keep something for each image, so it always gets the whole batch."""
    generator = torch.Generator().manual_seed(1)
    images, maps = torch.randn(6, 2, 31, 33, generator=generator), torch.randn(6, 31, 33, generator=generator)
    sizes = []

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        sizes.append(len(images))
        return input_gradient(model, images, target)

    metrics = {name: registry[name]() for name in ("random-logit", "sparseness")}
    found = score_all(classifier(), images, {"map": maps}, ClassTarget(0), metrics, explain=explain, memory_mb=1)
    assert list(found) == [("map", "random-logit"), ("map", "sparseness")]
    assert set(sizes) == {6}


def test_curves_with_other_parameters_are_not_confused() -> None:
    scene = scene_of("class")
    metrics = {
        "zero": registry.build("deletion", {}),
        "mean": registry.build("deletion", {"baseline": "mean"}),
        "probability": registry.build("deletion", {"scale": "probability"}),
        "absolute": registry.build("deletion", {"sign": "absolute"}),
        "fine": registry.build("deletion", {"steps": 40}),
    }
    found = score_all(*scene[:2], {"map": scene.maps}, scene.target, metrics)
    for label, metric in metrics.items():
        torch.testing.assert_close(found["map", label], metric.score(*scene[:4]), rtol=1e-5, atol=1e-6)
    assert len({tuple(scores.tolist()) for scores in found.values()}) == len(metrics)


def test_metrics_without_a_model_do_not_run_one() -> None:
    scene = scene_of("class")
    model = Counting(scene.model)
    names = [part.name for part in registry if not part.needs & {"model", "explain"}]
    score_all(
        model, scene.images, {"map": scene.maps}, scene.target, {n: registry[n]() for n in names}, masks=scene.masks
    )
    assert model.images == 0


def test_each_map_may_have_its_own_function() -> None:
    scene = scene_of("class")
    maps = {"gradient": scene.maps, "opposite": -scene.maps}

    def opposite(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        return -input_gradient(model, images, target)

    metrics = {"randomised": registry["model-randomisation"]()}
    functions = {"gradient": input_gradient, "opposite": opposite}
    found = score_all(*scene[:2], maps, scene.target, metrics, explain=functions)
    torch.testing.assert_close(found["gradient", "randomised"], found["opposite", "randomised"])
    with pytest.raises(MetricError, match="opposite"):
        score_all(*scene[:2], maps, scene.target, metrics, explain={"gradient": input_gradient})


def test_reasons_come_with_the_scores() -> None:
    scene = scene_of("class")
    masks = scene.masks.clone()
    masks[3] = False
    found = score_all_with_reasons(
        None, scene.images, {"map": scene.maps}, None, {"pg": registry["pointing-game"]()}, masks=masks
    )
    assert found["map", "pg"].reasons == ("", "", "", "The mask is empty.")


def test_a_wrong_map_is_refused_wherever_it_stands() -> None:
    scene = scene_of("class")
    maps = {"right": scene.maps, "wrong": scene.maps[:, :5]}
    with pytest.raises(MetricError, match="do not fit"):
        score_all(*scene[:2], maps, scene.target, {"sparseness": registry["sparseness"]()})
