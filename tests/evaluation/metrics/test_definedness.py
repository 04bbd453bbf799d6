"""Every metric, with default parameters, on maps, masks, sides and networks that others fail on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from evaluation.metrics import Metric, Scored, registry
from evaluation.metrics.base import Explain
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Constant, classifier, input_gradient, segmenter

METRICS = list(registry)
CONSTANT_MAP_UNDEFINED = {
    "faithfulness-correlation",
    "faithfulness-estimate",
    "model-randomisation",
    "random-logit",
    "sensitivity-n",
    "smooth-model-randomisation",
}
ZERO_MAP_UNDEFINED = CONSTANT_MAP_UNDEFINED | {
    "avg-sensitivity",
    "effective-complexity",
    "entropy",
    "max-sensitivity",
    "relevance-mass",
    "sparseness",
}
CONSTANT_NETWORK_UNDEFINED = {"faithfulness-correlation", "faithfulness-estimate", "sensitivity-n"}


@pytest.fixture(params=METRICS, ids=lambda part: part.name)
def metric(request: pytest.FixtureRequest) -> Metric:
    return request.param()


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def boxes(count: int, height: int, width: int) -> Tensor:
    masks = torch.zeros(count, height, width, dtype=torch.bool)
    masks[:, height // 4 : height // 2 + 1, width // 3 : width // 2 + 2] = True
    return masks


def given_back(maps: Tensor) -> Explain:
    """A method that always answers with these maps."""
    return lambda model, images, target: maps


def scored(
    metric: Metric,
    images: Tensor,
    maps: Tensor,
    *,
    model: nn.Module | None = None,
    target: Target | None = None,
    masks: Tensor | None = None,
    explain: Explain = input_gradient,
) -> Scored:
    model = model or classifier(images.shape[1])
    masks = boxes(*maps.shape) if masks is None else masks
    found = metric.score_with_reasons(model, images, maps, target or ClassTarget(1), masks=masks, explain=explain)
    assert [bool(reason) for reason in found.reasons] == torch.isnan(found.values).tolist()
    return found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(13, 11), (16, 9)])
def test_any_sides_and_channels(metric: Metric, channels: int, sides: tuple[int, int]) -> None:
    images, maps = drawn(2, channels, *sides), drawn(2, *sides, seed=1)
    assert torch.isfinite(scored(metric, images, maps).values).all()
    region = RegionTarget(1, boxes(2, *sides))
    assert torch.isfinite(scored(metric, images, maps, model=segmenter(channels), target=region).values).all()


@pytest.mark.parametrize("sign", ["positive", "negative", "both", "rectified", "few levels"])
def test_maps_of_any_sign_and_with_ties(metric: Metric, sign: str) -> None:
    images, maps = drawn(2, 2, 12, 13), drawn(2, 12, 13, seed=1)
    forms = {
        "positive": maps.abs() + 0.1,
        "negative": -maps.abs() - 0.1,
        "both": maps,
        "rectified": maps.clamp(min=0),
        "few levels": maps.sign(),
    }
    found = scored(metric, images, forms[sign])
    undefined = sign == "negative" and metric.name == "relevance-mass"
    assert torch.isnan(found.values).tolist() == [undefined] * 2


@pytest.mark.parametrize("level", [0.0, 3.0, -2.0])
def test_a_constant_map_is_defined_or_says_why_not(metric: Metric, level: float) -> None:
    images, maps = drawn(2, 2, 12, 13), torch.full((2, 12, 13), level)
    found = scored(metric, images, maps, explain=given_back(maps))
    undefined = ZERO_MAP_UNDEFINED if level == 0 else CONSTANT_MAP_UNDEFINED
    if level < 0:
        undefined = undefined | {"relevance-mass"}
    assert torch.isnan(found.values).tolist() == [metric.name in undefined] * 2


def test_a_constant_map_gives_the_same_whatever_the_order_of_the_pixels(metric: Metric) -> None:
    """Image, mask and network are symmetric by half a turn in all but the pixels' order."""
    images, maps, masks = drawn(2, 2, 12, 13), torch.ones(2, 12, 13), boxes(2, 12, 13)
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    first = scored(metric, images, maps, model=model, masks=masks, explain=given_back(maps))
    turned = scored(metric, images.flip(2, 3), maps, model=model, masks=masks.flip(1, 2), explain=given_back(maps))
    torch.testing.assert_close(first.values, turned.values, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("part", [part for part in METRICS if "mask" in part.needs], ids=lambda part: part.name)
def test_a_full_mask(part: type[Metric]) -> None:
    """Everything lies inside, so that each is perfect; only the AUC has nothing to compare."""
    images, maps = drawn(2, 1, 12, 13), drawn(2, 12, 13, seed=1)
    found = scored(part(), images, maps, masks=torch.ones(2, 12, 13, dtype=torch.bool)).values
    if part.name == "mask-auc":
        assert torch.isnan(found).all()
    else:
        torch.testing.assert_close(found, torch.ones(2))


def test_a_network_that_never_changes(metric: Metric) -> None:
    images, maps = drawn(2, 2, 12, 13), drawn(2, 12, 13, seed=1)
    model = Constant(torch.tensor([[1.0, 2.0, 3.0]]))
    found = scored(metric, images, maps, model=model, explain=given_back(maps))
    assert torch.isnan(found.values).tolist() == [metric.name in CONSTANT_NETWORK_UNDEFINED] * 2
    if metric.name in {"pixel-flipping", "srg", "road", "irof"}:
        torch.testing.assert_close(found.values, torch.zeros(2), rtol=0, atol=1e-6)
    if metric.name in {"deletion", "insertion"}:
        torch.testing.assert_close(found.values, torch.full((2,), 2.0))


def test_a_flat_image(metric: Metric) -> None:
    """Nothing to see; whatever is said must not be a number without meaning."""
    images, maps = torch.full((2, 2, 12, 13), 1.5), drawn(2, 12, 13, seed=1)
    found = scored(metric, images, maps)
    if metric.name in {"max-sensitivity", "avg-sensitivity"}:
        assert torch.isnan(found.values).all()
    assert not torch.isinf(found.values).any()
