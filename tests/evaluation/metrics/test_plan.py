"""Scoring many maps by many metrics: the values of single calls, for less work."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from evaluation import score_all
from evaluation.metrics import MetricError, registry
from evaluation.metrics.plan import score_all_with_reasons
from foundation.targets import ClassTarget, Target
from tests.evaluation.metrics.networks import Linear, input_gradient
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
    metrics = {part.name: part() for part in registry}
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
