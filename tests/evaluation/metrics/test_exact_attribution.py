"""The exact attribution of a network that is a sum over pixels, or over squares of them, is beyond reproach."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evaluation.metrics import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Constant, Linear, Pixelwise

CORRELATIONS = ("faithfulness-correlation", "faithfulness-estimate", "sensitivity-n")
SIZES = [(1, 8, 8), (3, 7, 11), (2, 5, 3)]


class Patches(nn.Module):
    """The sum over squares of `side` pixels of the cube of each square's sum: additive by square, not by pixel."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, images: Tensor) -> Tensor:
        return self.squares(images).pow(3).sum((1, 2))[:, None]

    def squares(self, images: Tensor) -> Tensor:
        """Each square's sum `(B, rows, columns)`, by padding with zeros."""
        rest = [-images.shape[dim] % self.side for dim in (3, 2)]
        padded = nn.functional.pad(images.sum(1, keepdim=True), (0, rest[0], 0, rest[1]))
        return nn.functional.avg_pool2d(padded, self.side)[:, 0] * self.side**2


def scores(name: str, model: nn.Module, images: Tensor, maps: Tensor, target: Target, **fields: Any) -> Tensor:
    result = registry.build(name, fields).score_with_reasons(model, images, maps, target)
    assert result.reasons == ("",) * len(images)
    return result.values


def linear(shape: tuple[int, int, int]) -> tuple[nn.Module, Tensor, Tensor]:
    """A linear network, images and the exact attribution of its second class."""
    generator = torch.Generator().manual_seed(sum(shape))
    weights, images = torch.randn(2, *shape, generator=generator), torch.randn(3, *shape, generator=generator)
    return Linear(weights), images, (weights[1] * images).sum(1)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("name", CORRELATIONS)
def test_a_linear_networks_attribution_correlates_to_one(name: str, shape: tuple[int, int, int]) -> None:
    model, images, maps = linear(shape)
    torch.testing.assert_close(scores(name, model, images, maps, ClassTarget(1)), torch.ones(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(scores(name, model, images, -maps, ClassTarget(1)), -torch.ones(3), rtol=0, atol=1e-4)


@pytest.mark.parametrize("side", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("shape", SIZES)
def test_a_linear_networks_attribution_has_no_infidelity(shape: tuple[int, int, int], side: int) -> None:
    model, images, maps = linear(shape)
    found = scores("infidelity", model, images, maps, ClassTarget(1), side=side)
    torch.testing.assert_close(found, torch.zeros(3), rtol=0, atol=1e-8)
    assert (scores("infidelity", model, images, 2 * maps, ClassTarget(1), side=side) > 1e-4).all()


@pytest.mark.parametrize("name", [*CORRELATIONS, "infidelity"])
def test_another_baseline_has_another_exact_attribution(name: str) -> None:
    """With the mean as the baseline a pixel's contribution is its weight times what it is above the mean."""
    model, images, _ = linear((2, 6, 5))
    weights = next(model.parameters())[1]
    maps = (weights * (images - images.mean((2, 3), keepdim=True))).sum(1)
    wanted = torch.zeros(3) if name == "infidelity" else torch.ones(3)
    found = scores(name, model, images, maps, ClassTarget(1), baseline="mean")
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", [*CORRELATIONS, "infidelity"])
def test_a_segmenters_region_is_explained_as_exactly(name: str) -> None:
    """The channel's logit is a factor times the image, so each pixel of the region contributes its own logit."""
    generator = torch.Generator().manual_seed(2)
    images, region = torch.randn(3, 2, 7, 9, generator=generator), torch.rand(3, 7, 9, generator=generator) > 0.4
    model = Pixelwise(torch.tensor([[1.0, -1.0], [2.0, 0.5]]))
    maps = model(images)[:, 1].detach() * region
    wanted = torch.zeros(3) if name == "infidelity" else torch.ones(3)
    torch.testing.assert_close(scores(name, model, images, maps, RegionTarget(1, region)), wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", SIZES)
def test_a_sum_over_squares_is_explained_square_by_square(shape: tuple[int, int, int]) -> None:
    """Oracle: each square's own share, laid on its first pixel. It is exact for sets of squares, not of pixels."""
    side, model = 2, Patches(2)
    images = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    maps = torch.zeros(3, *shape[1:])
    maps[:, ::side, ::side] = model.squares(images).pow(3)
    found = scores("infidelity", model, images, maps, ClassTarget(0), side=side)
    torch.testing.assert_close(found, torch.zeros(3), rtol=0, atol=1e-6)
    assert (scores("infidelity", model, images, maps, ClassTarget(0), side=1) > 1e-3).all()
    for name in ("faithfulness-correlation", "sensitivity-n"):
        found = scores(name, model, images, maps, ClassTarget(0), side=side)
        torch.testing.assert_close(found, torch.ones(3), rtol=0, atol=1e-4)
        assert (scores(name, model, images, maps, ClassTarget(0), side=1) < 0.99).all()


@pytest.mark.parametrize("name", CORRELATIONS)
def test_nothing_correlates_with_a_constant(name: str) -> None:
    model, images, maps = linear((2, 6, 5))
    metric = registry[name]()
    flat_map = metric.score_with_reasons(model, images, torch.ones_like(maps), ClassTarget(1))
    assert torch.isnan(flat_map.values).all()
    assert all("map is constant" in reason for reason in flat_map.reasons)
    constant = Constant(torch.tensor([[2.0, -3.0]]))
    dull = metric.score_with_reasons(constant, images, maps, ClassTarget(1))
    assert torch.isnan(dull.values).all()
    assert all("output does not change" in reason for reason in dull.reasons)


def test_infidelity_of_constants_is_what_the_map_wrongly_says() -> None:
    """A network that never changes: the mean of the squares' squared sums, by hand; a map of zeros is right."""
    model, images = Constant(torch.tensor([[2.0, -3.0]])), torch.ones(1, 1, 2, 4)
    maps = torch.tensor([[[1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 3.0, 0.0]]])
    assert float(scores("infidelity", model, images, maps, ClassTarget(1), side=2)) == pytest.approx((16 + 25) / 2)
    assert float(scores("infidelity", model, images, 0 * maps, ClassTarget(1), side=2)) == 0
