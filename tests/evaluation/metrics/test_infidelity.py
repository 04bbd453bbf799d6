"""Infidelity: single squares, independent of each other, also where they do not fit."""

from __future__ import annotations

import pytest
import torch

from evaluation.metrics import registry
from evaluation.metrics.regions import Squares
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import classifier, segmenter


@pytest.mark.parametrize("task", ["class", "region"])
@pytest.mark.parametrize("side", [3, 4, 8])
@pytest.mark.parametrize("scaled", [False, True])
def test_it_is_the_loop_over_squares(task: str, side: int, scaled: bool) -> None:
    """Oracle: one square after the other by slicing, on 11 x 13 images that no side divides."""
    generator = torch.Generator().manual_seed(side)
    images, maps = torch.randn(2, 2, 11, 13, generator=generator), torch.randn(2, 11, 13, generator=generator)
    region = torch.rand(2, 11, 13, generator=generator) > 0.5
    model = (classifier() if task == "class" else segmenter()).eval()
    target: Target = ClassTarget(2) if task == "class" else RegionTarget(1, region)
    found = registry.build("infidelity", {"side": side, "scaled": scaled}).score(model, images, maps, target)
    for index in range(2):
        one = target if task == "class" else RegionTarget(1, region[index : index + 1])
        said, seen = [], []
        for top in range(0, 11, side):
            for left in range(0, 13, side):
                image = images[index : index + 1].clone()
                image[:, :, top : top + side, left : left + side] = 0
                with torch.no_grad():
                    seen.append(float(one(model(images[index : index + 1])) - one(model(image))))
                said.append(float(maps[index, top : top + side, left : left + side].sum()))
        factor = sum(a * b for a, b in zip(said, seen, strict=True)) / sum(a * a for a in said) if scaled else 1.0
        gaps = [(factor * a - b) ** 2 for a, b in zip(said, seen, strict=True)]
        assert float(found[index]) == pytest.approx(sum(gaps) / len(gaps), rel=1e-4)


def test_a_scaled_map_may_have_any_unit() -> None:
    images, maps = torch.randn(2, 2, 9, 9), torch.randn(2, 9, 9)
    model, metric = classifier().eval(), registry.build("infidelity", {"side": 3, "scaled": True})
    found = metric.score(model, images, maps, ClassTarget(0))
    torch.testing.assert_close(metric.score(model, images, 1000 * maps, ClassTarget(0)), found)
    nothing = metric.score(model, images, 0 * maps, ClassTarget(0))
    assert (found <= nothing).all()


@pytest.mark.parametrize("height,width,side", [(4, 4, 2), (5, 7, 3), (3, 3, 10), (1, 6, 1)])
def test_squares_cover_each_pixel_once(height: int, width: int, side: int) -> None:
    squares = Squares(height, width, side)
    masks = squares.masks(0, squares.count).view(-1, height, width)
    assert (masks.sum(0) == 1).all()
    assert squares.count == -(-height // side) * -(-width // side)
    assert torch.equal(squares.masks(1, squares.count), masks[1:].flatten(1))
    assert masks[0, :side, :side].all()
