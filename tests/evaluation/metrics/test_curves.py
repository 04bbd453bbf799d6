"""Deletion and the removal curves, on networks whose outputs are known by hand."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from evaluation.metrics import registry
from evaluation.metrics.curves import removal_counts
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Constant, Linear, Pixelwise, classifier, segmenter

IMAGE = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
LINEAR = Linear(torch.ones(1, 1, 2, 2))
CLASS = ClassTarget(0)
CURVES = ("deletion", "insertion", "srg", "pixel-flipping")


def curve_score(
    name: str, maps: Tensor, model: torch.nn.Module = LINEAR, target: Target = CLASS, **fields: Any
) -> float:
    return float(registry.build(name, fields).score(model, IMAGE, maps, target))


def test_deletion_by_hand() -> None:
    """Removing 4, 3, 2, 1 leaves 10, 6, 3, 1, 0."""
    assert curve_score("deletion", IMAGE[:, 0]) == pytest.approx(20 / 5)
    assert curve_score("deletion", -IMAGE[:, 0]) == pytest.approx((10 + 9 + 7 + 4 + 0) / 5)


def test_a_tie_is_the_mean_over_all_orders() -> None:
    """Oracle: every order of the tied pixels, one by one; exact for a linear network."""
    maps = torch.tensor([[[0.0, 5.0], [0.0, 0.0]]])
    values = IMAGE.flatten().tolist()
    curves = []
    for order in itertools.permutations([0, 2, 3]):
        left, curve = sum(values), [sum(values)]
        for pixel in (1, *order):
            left -= values[pixel]
            curve.append(left)
        curves.append(sum(curve) / len(curve))
    assert curve_score("deletion", maps) == pytest.approx(sum(curves) / len(curves))


def test_a_constant_map_fades_the_image() -> None:
    assert curve_score("deletion", torch.zeros(1, 2, 2)) == pytest.approx(5.0)


def test_a_constant_network_scores_its_constant() -> None:
    model = Constant(torch.tensor([[2.0, -3.0]]))
    assert curve_score("deletion", IMAGE[:, 0], model, ClassTarget(1)) == pytest.approx(-3.0)


def test_probability_is_a_scale_of_its_own() -> None:
    model = Constant(torch.tensor([[2.0, -3.0]]))
    wanted = float(torch.tensor([2.0, -3.0]).softmax(0)[1])
    assert curve_score("deletion", IMAGE[:, 0], model, ClassTarget(1), scale="probability") == pytest.approx(wanted)
    single = Constant(torch.tensor([[2.0]]))
    wanted = float(torch.tensor(2.0).sigmoid())
    assert curve_score("deletion", IMAGE[:, 0], single, scale="probability") == pytest.approx(wanted)


def test_baselines_by_hand() -> None:
    """The image's mean is 2.5: removing 4, 3, 2, 1 leaves 10, 8.5, 8, 8.5, 10."""
    assert curve_score("deletion", IMAGE[:, 0], baseline="mean") == pytest.approx((10 + 8.5 + 8 + 8.5 + 10) / 5)


@pytest.mark.parametrize("baseline", ["blur", "uniform"])
def test_other_baselines_stay_within_the_image(baseline: str) -> None:
    """A flat image is its own blur and its own uniform draw, so nothing changes."""
    flat = torch.full((1, 2, 6, 5), 3.0)
    model = Linear(torch.ones(1, 2, 6, 5))
    metric = registry.build("deletion", {"baseline": baseline})
    assert float(metric.score(model, flat, torch.randn(1, 6, 5), CLASS)) == pytest.approx(180.0, rel=1e-5)


def test_sign_policies() -> None:
    """The map 1, 2, -3, -4 orders pixels 2 1 3 4; by magnitude 4 3 2 1; with its positive part 2 1 (3 4 tied)."""
    maps = torch.tensor([[[1.0, 2.0], [-3.0, -4.0]]])
    assert curve_score("deletion", maps) == pytest.approx((10 + 8 + 7 + 4 + 0) / 5)
    assert curve_score("deletion", maps, sign="absolute") == pytest.approx(20 / 5)
    assert curve_score("deletion", maps, sign="positive") == pytest.approx((10 + 8 + 7 + 3.5 + 0) / 5)


def test_a_step_removes_pixels_with_all_their_channels() -> None:
    images = torch.stack([torch.stack([torch.full((2, 2), 1.0), torch.full((2, 2), 10.0)])])
    model = Linear(torch.ones(1, 2, 2, 2))
    metric = registry.build("deletion", {"steps": 4})
    maps = torch.arange(4.0).view(1, 2, 2)
    assert float(metric.score(model, images, maps, CLASS)) == pytest.approx((44 + 33 + 22 + 11 + 0) / 5)


def test_a_region_of_a_segmenter() -> None:
    """The second channel's logit is twice the image; the region is the right column, 2 and 4."""
    model = Pixelwise(torch.tensor([[0.0], [2.0]]))
    region = torch.tensor([[[False, True], [False, True]]])
    assert curve_score("deletion", IMAGE[:, 0], model, RegionTarget(1, region)) == pytest.approx(
        (12 + 4 + 4 + 0 + 0) / 5
    )
    mean = RegionTarget(1, region, reduce="mean")
    assert curve_score("deletion", IMAGE[:, 0], model, mean) == pytest.approx((6 + 2 + 2 + 0 + 0) / 5)


def test_the_predicted_region_is_fixed_before_anything_is_removed() -> None:
    """The second channel wins where the image is positive: everywhere; once removed, pixels stay in the region."""
    model = Pixelwise(torch.tensor([[-1.0], [2.0]]))
    assert curve_score("deletion", IMAGE[:, 0], model, RegionTarget(1)) == pytest.approx(2 * 20 / 5)


@pytest.mark.parametrize("pixels,steps", [(16, 20), (17, 5), (25600, 20), (10, 3), (1, 4), (9, 2), (7, 6)])
def test_removal_counts_rise_evenly_from_none_to_all(pixels: int, steps: int) -> None:
    counts = removal_counts(pixels, steps)
    assert counts[0] == 0
    assert counts[-1] == pixels
    assert (counts.diff() > 0).all()
    assert len(counts) == min(steps, pixels) + 1
    even = torch.linspace(0, pixels, len(counts), dtype=torch.float64)
    assert (counts - even).abs().max() <= 0.5


def test_an_output_that_is_not_finite_is_undefined_and_says_so() -> None:
    model = Constant(torch.tensor([[float("nan")]]))
    result = registry["deletion"]().score_with_reasons(model, IMAGE, IMAGE[:, 0], CLASS)
    assert torch.isnan(result.values).all()
    assert "not finite" in result.reasons[0]


def test_a_curve_has_at_least_one_step() -> None:
    with pytest.raises(ValueError, match="steps"):
        registry.build("deletion", {"steps": 0})


def test_insertion_by_hand() -> None:
    """Putting in 4, 3, 2, 1 gives 0, 4, 7, 9, 10."""
    assert curve_score("insertion", IMAGE[:, 0]) == pytest.approx(30 / 5)
    assert curve_score("insertion", -IMAGE[:, 0]) == pytest.approx(20 / 5)


def test_insertion_into_another_baseline_by_hand() -> None:
    """From the mean image, 2.5 everywhere: 10, 11.5, 12, 11.5, 10."""
    assert curve_score("insertion", IMAGE[:, 0], baseline="mean") == pytest.approx((10 + 11.5 + 12 + 11.5 + 10) / 5)


def test_symmetric_relevance_gain_by_hand() -> None:
    assert curve_score("srg", IMAGE[:, 0]) == pytest.approx(30 / 5 - 20 / 5)
    assert curve_score("srg", -IMAGE[:, 0]) == pytest.approx(20 / 5 - 30 / 5)
    assert curve_score("srg", torch.ones(1, 2, 2)) == pytest.approx(0.0, abs=1e-6)


def test_pixel_flipping_by_hand() -> None:
    """The output falls by 0, 4, 7, 9, 10."""
    assert curve_score("pixel-flipping", IMAGE[:, 0]) == pytest.approx(30 / 5)


@pytest.mark.parametrize("task", ["class", "region"])
def test_curves_equal_a_plain_loop_over_pixels(task: str) -> None:
    """Oracle: removing pixels one after another in a loop, unfolded network, one image at a time."""
    generator = torch.Generator().manual_seed(1)
    model = (classifier() if task == "class" else segmenter()).eval()
    images, maps = torch.randn(2, 2, 5, 6, generator=generator), torch.randn(2, 5, 6, generator=generator)
    region = torch.rand(2, 5, 6, generator=generator) > 0.5
    target: Target = ClassTarget(2) if task == "class" else RegionTarget(1, region)
    found = {name: registry.build(name, {"steps": 30}).score(model, images, maps, target) for name in CURVES}
    for index in range(2):
        one = target if task == "class" else RegionTarget(1, region[index : index + 1])
        means = {}
        for first, order in (("most", (-maps[index]).flatten().argsort()), ("least", maps[index].flatten().argsort())):
            image = images[index : index + 1].clone()
            with torch.no_grad():
                outputs = [float(one(model(image)))]
                for pixel in order.tolist():
                    image[:, :, pixel // 6, pixel % 6] = 0
                    outputs.append(float(one(model(image))))
            means[first] = sum(outputs) / len(outputs)
            whole = outputs[0]
        wanted = (means["most"], means["least"], means["least"] - means["most"], whole - means["most"])
        assert [float(found[name][index]) for name in CURVES] == pytest.approx(wanted, rel=1e-4, abs=1e-5)
