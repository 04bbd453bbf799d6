"""Removal curves of a segmenter's decision: what is left of the region that it saw on the whole image."""

from __future__ import annotations

import pytest
import torch

from evaluation.metrics import MetricError, registry
from foundation.targets import ClassTarget, RegionTarget
from tests.evaluation.metrics.networks import Pixelwise, classifier, segmenter

IMAGE = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
CURVES = ("deletion", "insertion", "srg", "pixel-flipping")


def test_deletion_and_its_kin_by_hand() -> None:
    """A pixel is in the region while it is above 0: with 4, 3, 2, 1 gone Dice is 1, 6/7, 4/6, 2/5, 0, whichever go."""
    model, target = Pixelwise(torch.ones(1, 1)), RegionTarget(0)
    curve = [1, 6 / 7, 4 / 6, 2 / 5, 0]
    mean = sum(curve) / 5
    wanted = {"deletion": mean, "insertion": mean, "srg": 0.0, "pixel-flipping": 1 - mean}
    for name in CURVES:
        metric = registry.build(name, {"measure": "dice"})
        assert float(metric.score(model, IMAGE, IMAGE[:, 0], target)) == pytest.approx(wanted[name])


def test_pixels_outside_the_region_do_not_count() -> None:
    """Two classes: channel 1 wins where the image is above 2.5, so only 3 and 4 matter; best first, then worst."""
    images = IMAGE - 2.5
    model, target = Pixelwise(torch.tensor([[0.0], [1.0]])), RegionTarget(1)
    metric = registry.build("deletion", {"measure": "dice"})
    best = float(metric.score(model, images, images[:, 0], target))
    worst = float(metric.score(model, images, -images[:, 0], target))
    assert best == pytest.approx((1 + 2 / 3 + 0 + 0 + 0) / 5)
    assert worst == pytest.approx((1 + 1 + 1 + 2 / 3 + 0) / 5)


def test_the_reference_is_the_networks_own_decision() -> None:
    """Whatever region the target sums over, and whatever the mask says: images one by one, Dice by sets of pixels."""
    generator = torch.Generator().manual_seed(0)
    images, maps = torch.randn(3, 2, 6, 5, generator=generator), torch.randn(3, 6, 5, generator=generator)
    model = segmenter().eval()
    metric = registry.build("insertion", {"measure": "dice", "steps": 30})
    region = torch.ones(3, 6, 5, dtype=torch.bool)
    found = metric.score(model, images, maps, RegionTarget(1, region))
    torch.testing.assert_close(metric.score(model, images, maps, RegionTarget(1, reduce="mean")), found)
    for index in range(3):
        image = images[index : index + 1].clone()
        with torch.no_grad():
            reference = set((model(image).argmax(1) == 1).flatten().nonzero()[:, 0].tolist())
            curve = [1.0]
            for pixel in maps[index].flatten().argsort().tolist():
                image[:, :, pixel // 5, pixel % 5] = 0
                region_now = set((model(image).argmax(1) == 1).flatten().nonzero()[:, 0].tolist())
                curve.append(2 * len(reference & region_now) / (len(reference) + len(region_now)))
        assert float(found[index]) == pytest.approx(sum(curve) / len(curve), abs=1e-6)


def test_no_decision_leaves_nothing_to_lose() -> None:
    model = Pixelwise(torch.ones(1, 1))
    images, region = torch.cat([IMAGE, -IMAGE]), torch.ones(2, 2, 2, dtype=torch.bool)
    found = registry.build("deletion", {"measure": "dice"}).score_with_reasons(
        model, images, images[:, 0], RegionTarget(0, region)
    )
    assert torch.isnan(found.values).tolist() == [False, True]
    assert found.reasons[0] == ""
    assert "predicts no region" in found.reasons[1]


def test_a_class_has_no_dice() -> None:
    with pytest.raises(MetricError, match="segmenter"):
        registry.build("deletion", {"measure": "dice"}).score(
            classifier().eval(), torch.randn(1, 2, 6, 6), torch.randn(1, 6, 6), ClassTarget(0)
        )
