"""Standard errors are what repeating with other seeds would show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from evaluation.metrics import MetricError, Scored, registry
from evaluation.metrics.monte_carlo import draws_needed, error_of_mean, flat, pearson
from foundation.targets import ClassTarget
from tests.evaluation.metrics.networks import Linear, classifier, input_gradient


@pytest.mark.parametrize("r", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("count", [10, 100])
@pytest.mark.parametrize("skewed", [False, True])
def test_a_correlations_error_is_its_spread_over_repeats(r: float, count: int, skewed: bool) -> None:
    """Oracle: the s.d. of the correlations of 4000 samples is the mean of their errors, within 10 %."""
    generator = torch.Generator().manual_seed(int(10 * r))
    a, e = torch.randn(2, 4000, count, generator=generator, dtype=torch.float64)
    b = r * a + (1 - r * r) ** 0.5 * e
    found = pearson(a + 0.3 * a.square() if skewed else a, b)
    assert float(found.errors.mean()) == pytest.approx(float(found.values.std()), rel=0.1)


def test_a_correlations_error_is_the_textbooks_for_normal_pairs() -> None:
    """Oracle: (1 - r^2) / sqrt(S), the large-sample standard error for a bivariate normal."""
    generator = torch.Generator().manual_seed(1)
    a, e = torch.randn(2, 200, 2000, generator=generator, dtype=torch.float64)
    errors = pearson(a, 0.6 * a + 0.8 * e).errors
    assert float(errors.mean()) == pytest.approx((1 - 0.36) / 2000**0.5, rel=0.05)


def test_leaving_pairs_out_by_hand() -> None:
    """Oracle: each pair left out in turn, numpy's corrcoef, and the jackknife's formula."""
    a, b = torch.randn(2, 1, 12, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    left = [np.corrcoef(np.delete(a[0].numpy(), i), np.delete(b[0].numpy(), i))[0, 1] for i in range(12)]
    found = pearson(a, b)
    assert float(found.values) == pytest.approx(np.corrcoef(a[0].numpy(), b[0].numpy())[0, 1])
    assert float(found.errors) == pytest.approx((11 * np.var(left)) ** 0.5)


def test_pairs_on_a_line_have_no_error() -> None:
    a = torch.randn(3, 20)
    found = pearson(a, 2 * a + 1)
    torch.testing.assert_close(found.values, torch.ones(3).double(), rtol=0, atol=1e-6)
    assert (found.errors < 1e-6).all()


@pytest.mark.parametrize("name", ["faithfulness-correlation", "sensitivity-n"])
def test_a_scores_error_is_its_spread_over_seeds(name: str) -> None:
    """Oracle: 40 seeds; their s.d. is known to 11 % of itself, so within 35 % of the mean error for each image."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(3, 2, 8, 8, generator=generator)
    model, target = classifier().eval(), ClassTarget(0)
    maps = input_gradient(model, images, target) + 0.003 * torch.randn(3, 8, 8, generator=generator)
    metric = registry.build(name, {"subsets": 40})
    found = [metric.score_with_errors(model, images, maps, target, seed=seed) for seed in range(40)]
    spread = torch.stack([scored.values for scored in found]).std(0)
    errors = torch.stack([scored.errors for scored in found if scored.errors is not None]).mean(0)
    torch.testing.assert_close(errors, spread, rtol=0.35, atol=0)


def test_more_draws_make_smaller_errors() -> None:
    images, maps = torch.randn(2, 2, 8, 8), torch.randn(2, 8, 8)
    errors = []
    for subsets in (50, 800):
        metric = registry.build("faithfulness-correlation", {"subsets": subsets})
        scored = metric.score_with_errors(classifier().eval(), images, maps, ClassTarget(0))
        assert scored.errors is not None
        errors.append(scored.errors)
    torch.testing.assert_close(errors[1], errors[0] / 4, rtol=0.5, atol=0)


@pytest.mark.parametrize(
    "name,fields,by_chance",
    [
        ("deletion", {}, False),
        ("deletion", {"baseline": "uniform"}, True),
        ("infidelity", {}, False),
        ("infidelity", {"baseline": "uniform"}, True),
        ("irof", {}, False),
        ("model-randomisation", {}, True),
    ],
)
def test_metrics_without_draws_of_their_own_are_repeated(name: str, fields: dict[str, Any], by_chance: bool) -> None:
    """Oracle: the s.d. of single scores for the same seeds."""
    images, model = torch.randn(2, 2, 8, 9), classifier().eval()
    maps = input_gradient(model, images, ClassTarget(0))
    metric = registry.build(name, fields)
    found = metric.score_with_errors(model, images, maps, ClassTarget(0), explain=input_gradient, seed=3, repeats=4)
    assert metric.by_chance == by_chance
    assert found.errors is not None
    assert ((found.errors > 0) == by_chance).all()
    single = metric.score(model, images, maps, ClassTarget(0), explain=input_gradient, seed=3)
    torch.testing.assert_close(found.values, single, rtol=0, atol=0)


def test_repeats_fall_as_far_apart_as_single_scores_do() -> None:
    """The error from 40 repeats is the s.d. of 40 scores with seeds of our own within the spread of both (25 %)."""
    generator = torch.Generator().manual_seed(0)
    images, model = torch.randn(1, 2, 8, 9, generator=generator), classifier().eval()
    maps, target = torch.randn(1, 8, 9, generator=generator), ClassTarget(0)
    metric = registry.build("deletion", {"baseline": "uniform"})
    found = metric.score_with_errors(model, images, maps, target, repeats=40)
    spread = torch.stack([metric.score(model, images, maps, target, seed=seed) for seed in range(100, 140)]).std(0)
    assert found.errors is not None
    torch.testing.assert_close(found.errors, spread, rtol=0.4, atol=0)


def test_an_undefined_score_has_no_error() -> None:
    images, maps = torch.randn(2, 1, 6, 6), torch.randn(2, 6, 6)
    maps[1] = 1
    found = registry["faithfulness-correlation"]().score_with_errors(
        Linear(torch.randn(1, 1, 6, 6)), images, maps, ClassTarget(0)
    )
    assert found.errors is not None
    assert torch.isnan(found.errors).tolist() == [False, True]
    with pytest.raises(MetricError, match="repeats"):
        registry["deletion"]().score_with_errors(
            Linear(torch.randn(1, 1, 6, 6)), images, maps, ClassTarget(0), repeats=1
        )


def test_scores_have_no_errors_unless_they_are_found() -> None:
    assert Scored.of(torch.zeros(2)).errors is None


def test_how_many_draws_are_needed() -> None:
    """An error of 0.1 from 100 draws is five times too large, which 25 times the draws mend."""
    assert draws_needed(0.1, 100) == 2500
    assert draws_needed(0.02, 100) == 100
    assert draws_needed(0.0, 100) == 1
    assert draws_needed(0.05, 10, wanted=0.1) == 3
    with pytest.raises(ValueError, match="positive"):
        draws_needed(0.1, 0)


def test_small_things_of_it() -> None:
    assert float(error_of_mean(torch.tensor([[1.0, 3.0]]))) == pytest.approx(1.0)
    assert torch.isnan(error_of_mean(torch.ones(1, 1))).all()
    rows = torch.tensor([[1.0, 1.0 + 1e-7], [1.0, 1.01], [0.0, 0.0]]).double()
    assert flat(rows).tolist() == [True, False, True]
    assert flat(rows, torch.tensor([1.0, 1e6, 1.0])).tolist() == [True, True, True]
