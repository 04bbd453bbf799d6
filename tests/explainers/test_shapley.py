"""Shapley values: efficiency, enumeration, captum and shap."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from captum.attr import ShapleyValues
from torch import Tensor

from explainers.base import Request
from explainers.coalitions import outputs_of
from explainers.methods import registry
from explainers.orders import Orders, average_orders, draw_orders
from explainers.segments import segments_of, spread_evenly
from explainers.shapley import draw_coalitions, fit_shapley
from explainers.smoothing import blurred
from foundation.targets import ClassTarget, RegionTarget
from tests.explainers.networks import build, picture


def game(present: Tensor) -> Tensor:
    """A game of 8 players with interactions of two and three of them."""
    x = present.double()
    weights = torch.tensor([1.0, -2, 0.5, 3, 0, 1.5, -1, 0.25], dtype=torch.float64)
    return 0.7 + x @ weights + 2 * x[:, 0] * x[:, 3] - 3 * x[:, 1] * x[:, 4] * x[:, 6] + x[:, 5] * x[:, 2] * x[:, 7]


def enumerated() -> Tensor:
    """Shapley's own formula, over all coalitions of the game."""
    values = torch.zeros(8, dtype=torch.float64)
    for player in range(8):
        others = [other for other in range(8) if other != player]
        for size in range(8):
            for chosen in itertools.combinations(others, size):
                without = torch.zeros((1, 8), dtype=torch.bool)
                without[0, list(chosen)] = True
                with_player = without.clone()
                with_player[0, player] = True
                weight = math.factorial(size) * math.factorial(7 - size) / math.factorial(8)
                values[player] += weight * (game(with_player) - game(without))[0]
    return values


def ends() -> tuple[float, float]:
    return float(game(torch.zeros((1, 8), dtype=torch.bool))), float(game(torch.ones((1, 8), dtype=torch.bool)))


def test_all_coalitions_give_the_exact_values() -> None:
    # Oracle: Shapley's formula by enumeration.
    coalitions = draw_coalitions(8, 254, seed=0)
    fit = fit_shapley(coalitions, game(coalitions.present), *ends())
    assert coalitions.complete
    assert len(coalitions.present) == 254
    torch.testing.assert_close(fit.values, enumerated())
    assert (fit.errors == 0).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_sample_is_within_three_standard_errors_and_efficient(seed: int) -> None:
    coalitions = draw_coalitions(8, 120, seed)
    fit = fit_shapley(coalitions, game(coalitions.present), *ends())
    low, high = ends()
    assert float(fit.values.sum()) == pytest.approx(high - low, abs=1e-9)
    assert ((fit.values - enumerated()).abs() <= 3 * fit.errors + 0.05).all()


def test_standard_errors_say_how_far_values_vary_between_seeds() -> None:
    fits = []
    for seed in range(60):
        coalitions = draw_coalitions(8, 60, seed)
        fits.append(fit_shapley(coalitions, game(coalitions.present), *ends()))
    spread = torch.stack([fit.values for fit in fits]).std(0).mean()
    stated = torch.stack([fit.errors for fit in fits]).mean()
    assert 0.5 < float(stated / spread) < 2


def test_the_sample_is_paired_and_depends_on_the_seed() -> None:
    first, again, other = (draw_coalitions(49, 120, seed).present for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    half = len(first) // 2
    assert torch.equal(first[half:], ~first[:half])


def test_orders_come_in_pairs_and_pass_through_every_size() -> None:
    orders = draw_orders(6, 3, seed=0)
    assert torch.equal(orders.orders[:, 1], orders.orders[:, 0].flip(1))
    assert all(sorted(order.tolist()) == [*range(6)] for order in orders.orders.view(-1, 6))
    along = orders.present.view(6, 5, 6)
    assert torch.equal(along.sum(2), torch.arange(1, 6).expand(6, 5))
    for order, passed in zip(orders.orders.view(-1, 6), along, strict=True):
        for size in range(1, 6):
            assert set(passed[size - 1].nonzero()[:, 0].tolist()) == set(order[:size].tolist())
    assert torch.equal(draw_orders(6, 3, seed=0).orders, orders.orders)
    assert not torch.equal(draw_orders(6, 3, seed=1).orders, orders.orders)


def test_all_orders_give_the_exact_values() -> None:
    # Oracle: Shapley's formula by enumeration; 8! orders are too many, so 5 players of the game, the others absent.
    every = torch.tensor(list(itertools.permutations(range(5))))
    pairs = torch.stack([every, every.flip(1)], 1)
    passed = pairs.view(-1, 5).argsort(1)[:, None, :] < torch.arange(1, 5)[None, :, None]
    present = passed.reshape(-1, 5)
    low, high = (float(smaller(torch.full((1, 5), full))) for full in (False, True))
    found = average_orders(Orders(pairs, present), smaller(present), low, high).values
    coalitions = draw_coalitions(5, 30, seed=0)
    torch.testing.assert_close(found, fit_shapley(coalitions, smaller(coalitions.present), low, high).values)


def smaller(present: Tensor) -> Tensor:
    """The game of 8 players with the last three absent."""
    return game(torch.nn.functional.pad(present, (0, 3)))


@pytest.mark.parametrize("seed", range(8))
def test_sampled_orders_are_within_three_standard_errors_and_efficient(seed: int) -> None:
    orders = draw_orders(8, 60, seed)
    low, high = ends()
    fit = average_orders(orders, game(orders.present), low, high)
    assert float(fit.values.sum()) == pytest.approx(high - low, abs=1e-9)
    assert ((fit.values - enumerated()).abs() <= 3 * fit.errors + 1e-9).all()
    assert float(fit.errors.max()) > 0


def test_the_errors_of_orders_say_how_far_values_vary_between_seeds() -> None:
    drawn = [draw_orders(8, 10, seed) for seed in range(100)]
    fits = [average_orders(orders, game(orders.present), *ends()) for orders in drawn]
    spread = torch.stack([fit.values for fit in fits]).std(0)
    stated = torch.stack([fit.errors for fit in fits]).square().mean(0).sqrt()
    moving = spread > 1e-9
    assert ((stated / spread)[moving] > 0.75).all()
    assert ((stated / spread)[moving] < 1.33).all()


def test_one_pair_of_orders_is_exact_for_interactions_of_two() -> None:
    """Mayer & Wüthrich 2025, arXiv:2508.12947: a pair of an order and its reverse has no error there."""
    orders = draw_orders(8, 2, seed=0)
    x = orders.present.double()
    fit = average_orders(orders, x[:, 0] - 3 * x[:, 2] * x[:, 5] + 2 * x[:, 1] * x[:, 5], 0.0, 0.0)
    wanted = torch.tensor([1, 1, -1.5, 0, 0, -0.5, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(fit.values, wanted)
    assert (fit.errors.abs() < 1e-12).all()


def test_permutation_shap_of_four_segments_equals_captum() -> None:
    # Oracle: captum's ShapleyValues, which enumerates all orders; 4 pairs of orders would pass all 14 coalitions.
    model, images = build("resnet"), picture(2)
    mask = segments_of(images[0], "grid", 2).expand(1, 1, 32, 32)
    wanted = ShapleyValues(model).attribute(images, target=1, feature_mask=mask, baselines=0)[:, 0].detach()
    made = registry.build("permutation-shap", {"cells": 2}).explain_with_record(model, images, ClassTarget(1))
    torch.testing.assert_close(made.maps * 256, wanted, rtol=1e-3, atol=1e-5 * float(wanted.abs().max()))
    assert made.record[0]["standard_error"] == 0
    assert made.record[0]["forwards"] == 16


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("network", ["resnet", "unet"])
def test_eight_segments_of_a_network_are_within_three_standard_errors(network: str, seed: int) -> None:
    # Oracle: all 254 coalitions, whose fit is Shapley's formula (see above).
    model, images = build(network), picture(1)
    mask = torch.zeros((1, 32, 32), dtype=torch.bool)
    mask[:, 5:20, 5:20] = True
    target = ClassTarget(1) if network == "resnet" else RegionTarget(1, mask)
    request = Request(model, images, target.bind(model, images))
    segments = torch.arange(8).view(2, 4).repeat_interleave(16, 0).repeat_interleave(8, 1)
    every, some, orders = draw_coalitions(8, 254, 0), draw_coalitions(8, 120, seed), draw_orders(8, 17, seed)
    asked = [outputs_of(request, segments, "zero", drawn.present) for drawn in (every, some, orders)]
    exact = fit_shapley(every, *asked[0]).values
    for fit in (fit_shapley(some, *asked[1]), average_orders(orders, *asked[2])):
        assert ((fit.values - exact).abs() <= 3 * fit.errors).all()
        assert float(fit.errors.max()) < 0.5 * float(exact.abs().max())
        assert float(fit.values.sum()) == pytest.approx(asked[0].full - asked[0].empty, abs=1e-6)


@pytest.mark.parametrize("cut", ["grid", "superpixels"])
@pytest.mark.parametrize("baseline", ["zero", "mean", "blur"])
def test_permutation_shap_adds_up_to_the_difference(cut: str, baseline: str) -> None:
    model, images = build("unet"), blurred(picture(2), 3)
    mask = torch.zeros((2, 32, 32), dtype=torch.bool)
    mask[:, 5:20, 5:20] = True
    method = registry.build("permutation-shap", {"segments": cut, "cells": 4, "pairs": 2, "baseline": baseline})
    made = method.explain_with_record(model, images, RegionTarget(1, mask), seed=3)
    for i, record in enumerate(made.record):
        assert float(made.maps[i].sum()) == pytest.approx(record["difference"], rel=1e-3, abs=1e-4)
        assert record["standard_error"] > 0
        assert record["segments"] > 6


def test_permutation_shap_of_a_single_segment_is_the_difference() -> None:
    made = registry.build("permutation-shap", {"cells": 1}).explain_with_record(
        build("resnet"), picture(1), ClassTarget(1)
    )
    assert float(made.maps.sum()) == pytest.approx(made.record[0]["difference"], rel=1e-4)
    assert made.record[0]["forwards"] == 2
    with pytest.raises(ValueError, match="at least 2 pairs"):
        registry.build("permutation-shap", {"pairs": 1}).explain(build("resnet"), picture(1), ClassTarget(1))


def test_kernel_shap_of_four_segments_equals_captum() -> None:
    # Oracle: captum's ShapleyValues, which enumerates all orders.
    model, images = build("resnet"), picture(2)
    segments = segments_of(images[0], "grid", 2)
    mask = segments.expand(1, 1, 32, 32)
    wanted = ShapleyValues(model).attribute(images, target=1, feature_mask=mask, baselines=0)[:, 0].detach()
    method = registry.build("kernel-shap", {"cells": 2, "samples": 14})
    found = method.explain(model, images, ClassTarget(1))
    torch.testing.assert_close(found * 256, wanted, rtol=1e-3, atol=1e-5 * float(wanted.abs().max()))


@pytest.mark.parametrize("cut", ["grid", "superpixels"])
@pytest.mark.parametrize("baseline", ["zero", "mean", "blur"])
def test_kernel_shap_adds_up_to_the_difference(cut: str, baseline: str) -> None:
    model, images = build("unet"), blurred(picture(2), 3)
    mask = torch.zeros((2, 32, 32), dtype=torch.bool)
    mask[:, 5:20, 5:20] = True
    method = registry.build("kernel-shap", {"segments": cut, "cells": 4, "samples": 40, "baseline": baseline})
    made = method.explain_with_record(model, images, RegionTarget(1, mask), seed=3)
    for i, record in enumerate(made.record):
        assert float(made.maps[i].sum()) == pytest.approx(record["difference"], rel=1e-3, abs=1e-4)
        assert record["standard_error"] > 0
        assert record["segments"] > 6


def test_partition_shap_adds_up_to_the_difference() -> None:
    model, images = build("resnet"), picture(1)
    made = registry.build("partition-shap", {"evaluations": 100}).explain(model, images, ClassTarget(2))
    with torch.no_grad():
        wanted = (model(images) - model(torch.zeros_like(images)))[0, 2]
    assert float(made.sum()) == pytest.approx(float(wanted), rel=1e-3)
    assert len(made.unique()) > 10


def test_a_share_is_spread_evenly_and_every_pixel_has_a_segment() -> None:
    segments = segments_of(torch.zeros(1, 7, 5), "grid", 3)
    assert segments.unique().tolist() == list(range(9))
    spread = spread_evenly(torch.arange(9.0), segments)
    for label in range(9):
        assert float(spread[segments == label].sum()) == pytest.approx(label)
    assert segments_of(torch.zeros(1, 2, 2), "grid", 7).unique().tolist() == [0, 1, 2, 3]
