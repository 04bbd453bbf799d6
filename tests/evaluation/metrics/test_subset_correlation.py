"""Faithfulness correlation and sensitivity-n: random sets of pixels that are the same for every map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evaluation import score_all
from evaluation.metrics import Metric, MetricError, registry
from evaluation.metrics.regions import RandomSubsets
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Linear, classifier, segmenter

NAMES = ("faithfulness-correlation", "sensitivity-n")


class Watched(nn.Module):
    """Keeps the images that pass, as they were."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen += list(images.clone())
        output: Tensor = self.model(images)
        return output


def one_size(name: str, share: float, **fields: Any) -> Metric:
    return registry.build(name, {"share": share, **fields} if name == NAMES[0] else {"shares": (share,), **fields})


@pytest.mark.parametrize("task", ["class", "region"])
@pytest.mark.parametrize("side", [1, 3])
def test_it_is_numpys_correlation_over_the_sets(task: str, side: int) -> None:
    """Oracle: numpy's corrcoef of falls and sums that a loop over sets and images finds; mean over sizes."""
    generator = torch.Generator().manual_seed(1)
    images, maps = torch.randn(2, 2, 7, 10, generator=generator), torch.randn(2, 7, 10, generator=generator)
    region = torch.rand(2, 7, 10, generator=generator) > 0.5
    model = (classifier() if task == "class" else segmenter()).eval()
    target: Target = ClassTarget(2) if task == "class" else RegionTarget(1, region)
    metric = registry.build("sensitivity-n", {"subsets": 12, "shares": (0.2, 0.6), "side": side})
    found = metric.score(model, images, maps, target, seed=4)
    squares = 70 if side == 1 else 12
    for index in range(2):
        one = target if task == "class" else RegionTarget(1, region[index : index + 1])
        wanted = []
        for size in (round(0.2 * squares), round(0.6 * squares)):
            sums, falls = [], []
            for mask in RandomSubsets(7, 10, side, size, 12, 4).masks(0, 12).view(-1, 7, 10):
                image = images[index : index + 1].clone()
                image[:, :, mask] = 0
                with torch.no_grad():
                    falls.append(float(one(model(images[index : index + 1])) - one(model(image))))
                sums.append(float(maps[index][mask].sum()))
            wanted.append(np.corrcoef(sums, falls)[0, 1])
        assert float(found[index]) == pytest.approx(np.mean(wanted), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_whole_pixels_go_the_same_for_every_image_and_map(name: str) -> None:
    images = torch.rand(3, 2, 6, 5) + 1
    model = Watched(Linear(torch.randn(2, 2, 6, 5)))
    metric = one_size(name, 0.3, subsets=10)
    removed = []
    for batch, maps in ((images, torch.randn(3, 6, 5)), (images[1:2], torch.randn(1, 6, 5))):
        model.seen.clear()
        metric.score(model, batch, maps, ClassTarget(0), seed=2)
        gone = [seen == 0 for seen in model.seen if (seen == 0).any()]
        assert all(torch.equal(mask[0], mask[1]) for mask in gone)  # all channels of a pixel
        assert all(int(mask[0].sum()) == 9 for mask in gone)  # 0.3 of 30 pixels
        removed.append({tuple(mask[0].flatten().tolist()) for mask in gone})
        assert len(gone) == 10 * len(batch)
    assert removed[0] == removed[1]
    assert len(removed[0]) == 10


def test_sets_depend_on_seed_size_and_number_alone() -> None:
    first = RandomSubsets(5, 4, 1, 7, 30, 3).masks(0, 30)
    assert (first.sum(1) == 7).all()
    assert len({tuple(row.tolist()) for row in first}) == 30
    assert torch.equal(RandomSubsets(5, 4, 1, 7, 10, 3).masks(4, 9), first[4:9])
    assert not torch.equal(RandomSubsets(5, 4, 1, 7, 30, 4).masks(0, 30), first)
    assert not torch.equal(RandomSubsets(5, 4, 1, 8, 30, 3).masks(0, 30), first)


def test_every_pixel_is_as_likely_to_go() -> None:
    """A set of 5 of 20 pixels holds each with chance 1/4: over 2000 sets within 5 standard errors of 0.0097."""
    share = RandomSubsets(5, 4, 1, 5, 2000, 0).masks(0, 2000).double().mean(0)
    assert ((share - 0.25).abs() < 5 * 0.0097).all()


def test_both_share_the_passes_of_equal_sets() -> None:
    images, maps = torch.randn(2, 2, 6, 6), {"one": torch.randn(2, 6, 6), "two": torch.randn(2, 6, 6)}
    model = Watched(Linear(torch.randn(2, 2, 6, 6)))
    metrics = {name: one_size(name, 0.25, subsets=20) for name in NAMES}
    found = score_all(model, images, maps, ClassTarget(1), metrics)
    assert len(model.seen) == 1 + 2 * (20 + 1)  # a probe, and for each image its sets and itself
    for label in maps:
        torch.testing.assert_close(found[label, NAMES[0]], found[label, NAMES[1]])


def test_masks_beyond_the_memory_budget_are_made_in_blocks() -> None:
    """At 1 MB fewer than 15 masks of 32 x 31 pixels fit; equal values, and nothing of them is kept."""
    generator = torch.Generator().manual_seed(0)
    images, maps = torch.randn(2, 2, 32, 31, generator=generator), torch.randn(2, 32, 31, generator=generator)
    model, metric = classifier().eval(), registry.build("sensitivity-n", {"subsets": 40, "side": 2})
    small = metric.score_with_errors(model, images, maps, ClassTarget(1), memory_mb=1)
    large = metric.score_with_errors(model, images, maps, ClassTarget(1), memory_mb=1024)
    torch.testing.assert_close(small.values, large.values, rtol=1e-4, atol=1e-4)
    assert small.errors is not None
    assert large.errors is not None
    torch.testing.assert_close(small.errors, large.errors, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "name,fields",
    [
        ("faithfulness-correlation", {"share": 0.0}),
        ("faithfulness-correlation", {"share": 1.0}),
        ("faithfulness-correlation", {"subsets": 2}),
        ("faithfulness-correlation", {"side": 0}),
        ("sensitivity-n", {"shares": ()}),
        ("sensitivity-n", {"shares": (0.5, 1.5)}),
    ],
)
def test_sets_without_meaning_are_refused(name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(MetricError, match=next(iter(fields))):
        registry.build(name, fields)


def test_a_single_square_leaves_nothing_to_correlate() -> None:
    metric = registry.build("faithfulness-correlation", {"side": 50})
    found = metric.score_with_reasons(
        classifier().eval(), torch.randn(1, 2, 6, 6), torch.randn(1, 6, 6), ClassTarget(0)
    )
    assert torch.isnan(found.values).all()
    assert "same sum" in found.reasons[0]
