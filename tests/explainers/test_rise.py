"""RISE: beside its closed form for a linear network, and its masks beside torch's own interpolation."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from explainers.methods import registry
from explainers.methods.rise import Rise
from foundation.targets import ClassTarget, RegionTarget
from tests.explainers.networks import build, picture


class _Linear(nn.Module):
    """One weight a pixel, and a constant."""

    def __init__(self, weights: Tensor, constant: float = 0.0) -> None:
        super().__init__()
        self.weights, self.constant = nn.Parameter(weights), constant

    def forward(self, images: Tensor) -> Tensor:
        return (images * self.weights).sum((1, 2, 3))[:, None] + self.constant


class _Watching(nn.Module):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.shown.append(images.clone())
        return images.mean((2, 3))


def masks_of(rise: Rise, height: int, width: int, seed: int = 0) -> Tensor:
    """The masks `(N, H, W)` that a white image is multiplied with; the probe's images are left out."""
    model = _Watching()
    rise.explain(model, torch.ones(1, 1, height, width), ClassTarget(0), seed=seed)
    return torch.cat(model.shown)[-rise.samples :, 0]


def test_each_mask_is_a_grid_of_0_and_1_enlarged_and_cut_out() -> None:
    # Oracle: torch's bilinear interpolation of every grid of 2 x 2 cells, cut out at every shift.
    every = torch.tensor([[[i >> 3 & 1, i >> 2 & 1], [i >> 1 & 1, i & 1]] for i in range(16)]).float()
    large = nn.functional.interpolate(every[:, None], size=(12, 15), mode="bilinear", align_corners=False)[:, 0]
    cut = torch.cat([large[:, y : y + 7, x : x + 9] for y in range(4) for x in range(5)])
    found = masks_of(Rise(cells=2, samples=60), 7, 9)
    distance = torch.cdist(found.flatten(1), cut.flatten(1), p=float("inf")).min(1)
    assert float(distance.values.max()) < 1e-5
    assert len(distance.indices.unique()) > 30


def test_the_masks_show_a_pixel_with_the_given_probability() -> None:
    found = masks_of(Rise(cells=4, samples=2000, probability=0.3), 16, 16)
    assert float((found.mean(0) - 0.3).abs().max()) < 0.06
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1


def test_the_map_is_the_weighted_mean_of_the_outputs() -> None:
    model, images = build("resnet"), picture(2)
    rise = Rise(cells=3, samples=25)
    masks = masks_of(rise, 32, 32, seed=3)
    with torch.no_grad():
        values = torch.stack([model(image * masks[:, None])[:, 1] for image in images])
    wanted = torch.einsum("bn,nhw->bhw", values, masks) / masks.sum(0)
    found = rise.explain(model, images, ClassTarget(1), seed=3)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_it_converges_to_the_closed_form_of_a_linear_network() -> None:
    """For f(x) = sum w x: E[f(x m) m_p] / p = sum_q w_q x_q E[m_q m_p] / p, estimated here by torch's own masks."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((1, 1, 12, 12), generator=generator)
    model = _Linear(torch.randn((1, 12, 12), generator=generator), constant=40.0)
    grids = (torch.rand((20000, 1, 3, 3), generator=generator) < 0.5).float()
    large = nn.functional.interpolate(grids, size=(16, 16), mode="bilinear", align_corners=False)[:, 0]
    cut = [large[:, y : y + 12, x : x + 12] for y in range(4) for x in range(4)]
    products = torch.stack([part.flatten(1).T @ part.flatten(1) for part in cut])
    together = products.sum(0) / (16 * 20000)
    wanted = 40 + (together @ (images * model.weights.detach()).flatten()).view(12, 12) / 0.5

    made = Rise(cells=3, samples=4000).explain_with_record(model, images, ClassTarget(0), seed=1)
    error = made.record[0]["standard_error"]
    away = made.maps[0] - wanted
    assert 0 < error < 0.2 * float(wanted.std())
    assert float(away.abs().max()) < 5 * error
    assert float(away.square().mean().sqrt()) < 2 * error


def test_the_constant_of_a_network_adds_no_noise() -> None:
    images = picture(1, side=12)
    weights = torch.linspace(-1, 1, 144).view(1, 12, 12)
    plain, raised = (
        Rise(samples=50).explain(_Linear(weights, constant), images, ClassTarget(0)) for constant in (0.0, 100.0)
    )
    torch.testing.assert_close(raised - 100, plain, rtol=1e-3, atol=1e-4)


def test_it_explains_a_region_and_its_baseline_is_what_the_mask_hides() -> None:
    model, images = build("unet"), picture(2)
    mask = torch.zeros((2, 32, 32), dtype=torch.bool)
    mask[:, 5:20, 5:20] = True
    made = Rise(samples=30, baseline="mean").explain(model, images, RegionTarget(1, mask))
    assert float(made.flatten(1).std(1).min()) > 0
    flat = torch.full_like(images, 0.4)
    even = Rise(samples=30, baseline="mean").explain(model, flat, RegionTarget(1, mask))
    assert float(even.flatten(1).std(1).max()) < 1e-3  # a flat image is its own mean: nothing is ever hidden


@pytest.mark.parametrize("wrong", [{"samples": 1}, {"cells": 0}, {"probability": 1.0}, {"probability": 0.0}])
def test_it_refuses_parameters_that_mean_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="RISE needs"):
        registry.build("rise", wrong).explain(build("plain"), picture(1), ClassTarget(0))
