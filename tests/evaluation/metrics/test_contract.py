"""What every registered metric promises."""

from __future__ import annotations

import copy
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from evaluation.metrics import Metric, MetricError, Scored, registry
from foundation.registry import parameters_of
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import classifier, input_gradient, segmenter

METRICS = list(registry)
NEEDS = {"model", "mask", "explain"}
FAMILIES = {"faithfulness", "robustness", "randomisation", "localisation", "complexity"}
CO12 = {
    "correctness",
    "completeness",
    "consistency",
    "continuity",
    "contrastivity",
    "covariate complexity",
    "compactness",
    "composition",
    "confidence",
    "context",
    "coherence",
    "controllability",
}


class Scene(NamedTuple):
    model: nn.Module
    images: Tensor
    maps: Tensor
    target: Target
    masks: Tensor


def scene_of(task: str) -> Scene:
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(4, 2, 11, 13, generator=generator)
    masks = torch.zeros(4, 11, 13, dtype=torch.bool)
    masks[:, 2:6, 3:9] = True
    masks[2, 8:10, 1:4] = True
    target: Target
    if task == "class":
        model, target = classifier(), ClassTarget(torch.tensor([0, 1, 2, 1]))
    else:
        model, target = segmenter(), RegionTarget(1, masks)
    model.eval()
    maps = input_gradient(model, images, target)
    model.train()
    return Scene(model, images, maps, target, masks)


@pytest.fixture(params=["class", "region"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return scene_of(request.param)


@pytest.fixture(params=METRICS, ids=lambda part: part.name)
def metric(request: pytest.FixtureRequest) -> Metric:
    return request.param()


def scored(metric: Metric, scene: Scene, seed: int = 0) -> Scored:
    return metric.score_with_reasons(*scene[:4], masks=scene.masks, explain=input_gradient, seed=seed)


def test_it_states_its_facts(metric: Metric) -> None:
    assert metric.__doc__
    assert len(metric.__doc__.strip()) > 40
    assert "(20" in metric.reference
    assert metric.summary.endswith(".")
    assert metric.caveat.endswith(".")
    assert metric.title
    assert metric.version
    assert metric.family in FAMILIES
    assert isinstance(metric.higher_is_better, bool)
    assert metric.co12
    assert set(metric.co12) <= CO12
    assert metric.needs <= NEEDS
    assert all(parameter.help for parameter in parameters_of(type(metric)))


def test_it_gives_one_finite_number_an_image(metric: Metric, scene: Scene) -> None:
    result = scored(metric, scene)
    assert result.values.shape == (4,)
    assert result.values.dtype == torch.float32
    assert torch.isfinite(result.values).all()
    assert result.reasons == ("",) * 4
    only = metric.score(*scene[:4], masks=scene.masks, explain=input_gradient)
    torch.testing.assert_close(only, result.values, rtol=0, atol=0)


def test_it_repeats_itself_for_the_same_seed(metric: Metric, scene: Scene) -> None:
    first, second = scored(metric, scene, seed=7), scored(metric, scene, seed=7)
    torch.testing.assert_close(first.values, second.values, rtol=0, atol=0)


def test_the_seed_matters_only_where_it_says_so(metric: Metric, scene: Scene) -> None:
    first = scored(metric, scene, seed=0).values
    differs = any(not torch.equal(scored(metric, scene, seed=seed).values, first) for seed in range(1, 6))
    assert differs == metric.stochastic


def test_a_score_does_not_depend_on_the_batch(metric: Metric, scene: Scene) -> None:
    together = scored(metric, scene).values
    for order in ([3, 1], [2], [0, 2, 1]):
        index = torch.tensor(order)
        target = scene.target.bind(scene.model, scene.images).take(index)
        part = Scene(scene.model, scene.images[index], scene.maps[index], target, scene.masks[index])
        torch.testing.assert_close(scored(metric, part).values, together[index], rtol=1e-5, atol=1e-6)


def test_a_score_does_not_depend_on_the_memory_budget(metric: Metric, scene: Scene) -> None:
    small = metric.score_with_reasons(*scene[:4], masks=scene.masks, explain=input_gradient, memory_mb=1)
    torch.testing.assert_close(small.values, scored(metric, scene).values, rtol=1e-5, atol=1e-6)


def test_chance_is_stated_in_the_scores_unit(metric: Metric, scene: Scene) -> None:
    """Nothing without chance; else an error of its own draws, or the spread over seeds. The scores stay the same."""
    found = metric.score_with_errors(*scene[:4], masks=scene.masks, explain=input_gradient, repeats=2)
    torch.testing.assert_close(found.values, scored(metric, scene).values, rtol=0, atol=0)
    assert found.errors is not None
    assert found.errors.shape == (4,)
    assert found.errors.dtype == torch.float32
    assert (found.errors >= 0).all()
    assert metric.by_chance == metric.stochastic
    if not metric.stochastic:
        assert (found.errors == 0).all()


def test_it_leaves_everything_as_found(metric: Metric, scene: Scene) -> None:
    scene.model[0].eval()  # type: ignore[operator, index]
    state = copy.deepcopy(scene.model.state_dict())
    modes = [module.training for module in scene.model.modules()]
    tensors = [scene.images, scene.maps, scene.masks]
    copies = [tensor.clone() for tensor in tensors]
    random_state = torch.get_rng_state()
    scored(metric, scene)
    assert all(torch.equal(tensor, copied) for tensor, copied in zip(tensors, copies, strict=True))
    assert all(torch.equal(value, state[key]) for key, value in scene.model.state_dict().items())
    assert [module.training for module in scene.model.modules()] == modes
    assert all(parameter.grad is None and parameter.requires_grad for parameter in scene.model.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in scene.model.modules())
    assert torch.equal(torch.get_rng_state(), random_state)


def test_a_constant_map_does_not_score_by_the_order_of_pixels(metric: Metric) -> None:
    """Oracle: turning image, mask and a constant map by half a turn changes nothing but the pixels' order."""
    flat = scene_of("class")
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    scene = Scene(model, flat.images, torch.ones_like(flat.maps), flat.target, flat.masks)
    turned = Scene(model, flat.images.flip(2, 3), torch.ones_like(flat.maps), flat.target, flat.masks.flip(1, 2))
    first, second = scored(metric, scene), scored(metric, turned)
    torch.testing.assert_close(first.values, second.values, rtol=1e-4, atol=1e-5, equal_nan=True)
    undefined = torch.isnan(first.values).tolist()
    assert [bool(reason) for reason in first.reasons] == undefined


@pytest.mark.parametrize("part", [part for part in METRICS if "mask" in part.needs], ids=lambda part: part.name)
def test_an_empty_mask_is_undefined_and_says_so(part: type[Metric]) -> None:
    metric, scene = part(), scene_of("class")
    masks = scene.masks.clone()
    masks[1] = False
    result = scored(metric, scene._replace(masks=masks))
    assert torch.isnan(result.values).tolist() == [False, True, False, False]
    assert [bool(reason) for reason in result.reasons] == [False, True, False, False]


@pytest.mark.parametrize(
    "field,wrong",
    [
        ("images", torch.full((4, 2, 11, 13), torch.nan)),
        ("images", torch.randn(4, 11, 13)),
        ("maps", torch.randn(4, 1, 11, 13)),
        ("maps", torch.full((4, 11, 13), torch.inf)),
        ("masks", torch.zeros(4, 11, 12)),
        ("masks", torch.full((4, 11, 13), 0.5)),
    ],
    ids=["nan image", "flat image", "map shape", "infinite map", "mask shape", "grey mask"],
)
def test_wrong_arguments_are_refused(metric: Metric, field: str, wrong: Tensor) -> None:
    values = scene_of("class")._asdict()
    with pytest.raises(ValueError, match=r"\.$"):
        scored(metric, Scene(**{**values, field: wrong}))


def test_what_it_needs_is_asked_for(metric: Metric, scene: Scene) -> None:
    if "mask" in metric.needs:
        with pytest.raises(MetricError, match="masks"):
            metric.score(*scene[:4], explain=input_gradient)
    if "explain" in metric.needs:
        with pytest.raises(MetricError, match="explain"):
            metric.score(*scene[:4], masks=scene.masks)
    if metric.needs & {"model", "explain"}:
        with pytest.raises(MetricError, match="model"):
            metric.score(None, scene.images, scene.maps, None, masks=scene.masks, explain=input_gradient)
    else:
        free = metric.score(None, scene.images, scene.maps, None, masks=scene.masks)
        torch.testing.assert_close(free, scored(metric, scene).values, rtol=0, atol=0)


def test_parameters_outside_their_range_are_refused(metric: Metric) -> None:
    for parameter in parameters_of(type(metric)):
        if parameter.choices:
            with pytest.raises(MetricError, match=parameter.name):
                type(metric)(**{parameter.name: "no-such-choice"})
