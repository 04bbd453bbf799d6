"""The faithfulness estimate: groups in the map's order, each taken alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluation.metrics import registry
from foundation.targets import ClassTarget
from tests.evaluation.metrics.networks import Linear, classifier


@pytest.mark.parametrize("steps", [5, 6, 30, 99])
def test_it_is_numpys_correlation_over_the_groups(steps: int) -> None:
    """Oracle: 30 pixels in the map's order in groups of even size, one at a time, then numpy's corrcoef."""
    generator = torch.Generator().manual_seed(steps)
    images, maps = torch.randn(2, 3, 5, 6, generator=generator), torch.randn(2, 5, 6, generator=generator)
    model = classifier(channels=3).eval()
    found = registry.build("faithfulness-estimate", {"steps": steps}).score(model, images, maps, ClassTarget(1))
    for index in range(2):
        order = (-maps[index]).flatten().argsort()
        sums, falls = [], []
        for group in order.view(min(steps, 30), -1):
            image = images[index : index + 1].clone()
            image.view(3, -1)[:, group] = 0
            with torch.no_grad():
                falls.append(float((model(images[index : index + 1]) - model(image))[0, 1]))
            sums.append(float(maps[index].flatten()[group].sum()))
        assert float(found[index]) == pytest.approx(np.corrcoef(sums, falls)[0, 1], abs=1e-4)


def test_tied_pixels_are_shared_among_their_groups() -> None:
    """Three tied pixels over two groups: the mean over their orders, which a linear network shows exactly."""
    images = torch.tensor([[[[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]]])
    maps = torch.tensor([[[9.0, 5.0, 5.0], [5.0, 1.0, 0.0]]])
    found = registry.build("faithfulness-estimate", {"steps": 3}).score(
        Linear(torch.ones(1, 1, 2, 3)), images, maps, ClassTarget(0)
    )
    tied = (2.0 + 4 + 8) / 3
    falls, sums = [1 + tied, 2 * tied, 16 + 32], [9 + 5, 10, 1]
    assert float(found) == pytest.approx(np.corrcoef(sums, falls)[0, 1], abs=1e-5)


def test_turning_the_map_around_turns_the_sign() -> None:
    """The groups are the same from either end."""
    images, maps = torch.randn(2, 2, 8, 7), torch.randn(2, 8, 7)
    metric, model = registry.build("faithfulness-estimate", {"steps": 10}), classifier().eval()
    found = metric.score(model, images, maps, ClassTarget(0))
    torch.testing.assert_close(metric.score(model, images, -maps, ClassTarget(0)), -found, rtol=1e-4, atol=1e-4)
