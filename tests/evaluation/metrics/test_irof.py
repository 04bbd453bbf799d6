"""IROF: segments go one after the other, each image by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from evaluation.metrics import registry
from evaluation.metrics.irof import segment_means
from foundation.segments import segments_of
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Constant, Linear, classifier, segmenter


def smooth(count: int, side: int = 40) -> Tensor:
    """Images that superpixels can follow, each with segments of its own."""
    coarse = torch.rand(count, 2, 6, 6, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic") + torch.arange(count).view(-1, 1, 1, 1)


@pytest.mark.parametrize("task", ["class", "region"])
@pytest.mark.parametrize("cut", ["grid", "superpixels"])
def test_it_is_the_loop_over_segments(task: str, cut: str) -> None:
    """Oracle: segments filled with the image's mean one by one, and numpy's trapezoid of the ratios."""
    images, model = smooth(3), (classifier() if task == "class" else segmenter()).eval()
    maps = torch.randn(3, 40, 40, generator=torch.Generator().manual_seed(2))
    region = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(3)) > 0.5
    target: Target = ClassTarget(1) if task == "class" else RegionTarget(1, region)
    found = registry.build("irof", {"segments": cut, "cells": 5}).score(model, images, maps, target)
    counts = set()
    for index in range(3):
        labels = segments_of(images[index], "grid" if cut == "grid" else "superpixels", 5)
        counts.add(int(labels.max()) + 1)
        one = target if task == "class" else RegionTarget(1, region[index : index + 1])
        means = [float(maps[index][labels == label].mean()) for label in range(int(labels.max()) + 1)]
        image = images[index : index + 1].clone()
        fill = image.mean((2, 3))[0]
        with torch.no_grad():
            curve = [float(one(model(image).softmax(1)))]
            for label in np.argsort(means)[::-1]:
                image[:, :, labels == int(label)] = fill[:, None]
                curve.append(float(one(model(image).softmax(1))))
        wanted = 1 - np.trapezoid(np.array(curve) / curve[0]) / (len(curve) - 1)
        assert float(found[index]) == pytest.approx(wanted, abs=1e-5)
    assert (len(counts) == 1) == (cut == "grid")  # the numbers of superpixels differ


def test_a_neighbour_in_the_batch_changes_nothing() -> None:
    """Neither its brightness, which is no part of the mean that fills, nor its number of segments."""
    images, maps, model = smooth(3), torch.randn(3, 40, 40), classifier().eval()
    metric = registry["irof"]()
    together = metric.score(model, images, maps, ClassTarget(0))
    for index in range(3):
        alone = metric.score(model, images[index : index + 1], maps[index : index + 1], ClassTarget(0))
        torch.testing.assert_close(alone, together[index : index + 1], rtol=1e-5, atol=1e-6)


def test_a_network_that_never_changes_scores_nothing() -> None:
    model = Constant(torch.tensor([[2.0, -3.0]]))
    images, maps = torch.randn(2, 1, 8, 8), torch.randn(2, 8, 8)
    for fields in ({}, {"segments": "grid"}, {"scale": "logit"}):
        found = registry.build("irof", fields).score(model, images, maps, ClassTarget(0))
        torch.testing.assert_close(found, torch.zeros(2), rtol=0, atol=1e-6)


def test_a_logit_below_zero_has_no_share_to_lose() -> None:
    model = Constant(torch.tensor([[2.0, -3.0]]))
    found = registry.build("irof", {"scale": "logit"}).score_with_reasons(
        model, torch.randn(2, 1, 8, 8), torch.randn(2, 8, 8), ClassTarget(torch.tensor([0, 1]))
    )
    assert torch.isnan(found.values).tolist() == [False, True]
    assert found.reasons[0] == ""
    assert "not positive" in found.reasons[1]


def test_all_orders_of_tied_segments_count() -> None:
    """By hand: four segments of 1, 2, 3, 4 that all tie fade the sum 10 to 0 on a straight line: half of it."""
    images = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    metric = registry.build("irof", {"segments": "grid", "cells": 2, "scale": "logit", "baseline": "zero"})
    model = Linear(torch.ones(1, 1, 2, 2))
    assert float(metric.score(model, images, torch.ones(1, 2, 2), ClassTarget(0))) == pytest.approx(0.5)
    # 4, 3, 2, 1 first leaves 10, 6, 3, 1, 0 of 10: the trapezoids hold (8 + 4.5 + 2 + 0.5) / 40.
    assert float(metric.score(model, images, images[:, 0], ClassTarget(0))) == pytest.approx(1 - 15 / 40)


def test_equal_values_have_equal_means() -> None:
    labels = torch.tensor([0, 0, 0, 1, 2, 2])
    means = segment_means(torch.full((6,), 0.1), labels)
    assert len(set(means.tolist())) == 1
    torch.testing.assert_close(segment_means(torch.arange(6.0), labels), torch.tensor([1.0, 3.0, 4.5]).double())
