"""Reliability: components of made-up scores, the statistics package as oracle, metrics known to be sure or noise."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evaluation import statistics
from evaluation.metrics import MetricError, registry
from evaluation.metrics.reliability import Reliability, ranking_agreement, reliability, variance_components
from foundation.targets import ClassTarget, Target
from tests.evaluation.metrics.networks import classifier, input_gradient


def made_up(images: int, seeds: int, image: float, seed: float, rest: float) -> Tensor:
    generator = torch.Generator().manual_seed(8)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    return 5 + image * draw(images, 1) + seed * draw(1, seeds) + rest * draw(images, seeds)


def test_components_of_made_up_scores() -> None:
    """Variances 4, 1 and 0.25 come back from 400 images and 400 seeds."""
    found = variance_components(made_up(400, 400, 2.0, 1.0, 0.5))
    assert found.between_images == pytest.approx(4.0, rel=0.25)
    assert found.between_seeds == pytest.approx(1.0, rel=0.25)
    assert found.rest == pytest.approx(0.25, rel=0.02)
    assert found.standard_error == pytest.approx(math.sqrt(found.between_seeds + found.rest))
    assert found.icc == pytest.approx(found.between_images / (found.between_images + found.between_seeds + found.rest))


@pytest.mark.parametrize("spread", [(1.0, 0.0, 0.2), (1.0, 0.7, 0.5), (0.0, 0.3, 1.0)])
def test_it_equals_the_statistics_package(spread: tuple[float, float, float]) -> None:
    """Oracle: ICC(2,1) and ICC(2,k), seeds as raters."""
    scores = made_up(12, 5, *spread)
    data = pd.DataFrame(
        [(image, seed, float(scores[image, seed])) for image in range(12) for seed in range(5)],
        columns=["image", "seed", "score"],
    )
    table = statistics.icc(data, subject="image", rater="seed", score="score").table
    found = variance_components(scores)
    assert found.icc == pytest.approx(table.loc["ICC(2,1)", "estimate"])
    assert found.icc_of_mean(5) == pytest.approx(table.loc["ICC(2,k)", "estimate"])


def test_how_many_seeds_are_needed() -> None:
    """Nine parts between images and one of chance: one seed gives 0.9; equal parts need nine."""
    assert Reliability(5, 5, 0, 9.0, 0.5, 0.5).seeds_needed(0.9) == 1
    assert Reliability(5, 5, 0, 1.0, 0.0, 1.0).seeds_needed(0.9) == 9
    assert Reliability(5, 5, 0, 1.0, 0.0, 1.0).icc_of_mean(9) == pytest.approx(0.9)
    assert Reliability(5, 5, 0, -0.1, 0.0, 1.0).seeds_needed() is None
    assert Reliability(5, 5, 0, 1.0, 0.0, 0.0).seeds_needed() == 1


def test_images_without_a_score_are_left_out_and_counted() -> None:
    scores = made_up(6, 4, 1.0, 0.1, 0.1)
    wanted = variance_components(scores[1:])
    scores[0, 2] = math.nan
    found = variance_components(scores)
    assert (found.images, found.dropped) == (5, 1)
    assert found.icc == wanted.icc
    with pytest.raises(MetricError, match="2 scored images"):
        variance_components(scores[:2])
    with pytest.raises(MetricError, match="2 seeds"):
        variance_components(scores[:, :1])


def test_scores_that_never_vary_have_no_reliability() -> None:
    assert math.isnan(variance_components(torch.ones(4, 3)).icc)


IMAGES = torch.randn(5, 2, 9, 8, generator=torch.Generator().manual_seed(0))


def test_a_metric_without_chance_is_fully_reliable() -> None:
    maps = torch.randn(5, 9, 8, generator=torch.Generator().manual_seed(1))
    found = reliability(registry["deletion"](), classifier(), IMAGES, maps, ClassTarget(0), seeds=3)
    assert found.icc == pytest.approx(1.0)
    assert found.standard_error == pytest.approx(0.0, abs=1e-6)


def test_a_metric_of_pure_chance_is_not_reliable() -> None:
    """The function that makes maps anew answers at random, whatever it is given."""
    generator = torch.Generator().manual_seed(2)

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        return torch.randn(5, 9, 8, generator=generator)

    maps = torch.randn(5, 9, 8, generator=generator)
    metric = registry["random-logit"]()
    found = reliability(metric, classifier(), IMAGES, maps, ClassTarget(0), explain=explain, seeds=60)
    assert abs(found.icc) < 0.1


def test_each_seed_counts_once_and_the_model_is_left_as_found() -> None:
    """Oracle: the scores of single calls, for the seeds that were used, have the same mean squares."""
    model, target = classifier(), ClassTarget(0)
    maps = input_gradient(classifier().eval(), IMAGES, target)
    metric = registry["avg-sensitivity"]()
    first = reliability(metric, model, IMAGES, maps, target, explain=input_gradient, seeds=4, seed=1)
    again = reliability(metric, model, IMAGES, maps, target, explain=input_gradient, seeds=4, seed=1)
    other = reliability(metric, model, IMAGES, maps, target, explain=input_gradient, seeds=4, seed=2)
    assert first == again
    assert first != other
    assert model.training
    assert 0 < first.standard_error < 0.1
    with pytest.raises(MetricError, match="2 seeds"):
        reliability(metric, model, IMAGES, maps, target, explain=input_gradient, seeds=0)


def test_agreement_equals_kendalls_w_of_the_statistics_package() -> None:
    """Oracle: `statistics.friedman`, on scores with ties."""
    scores = torch.from_numpy(np.random.default_rng(3).integers(0, 4, (7, 5))).double()
    data = pd.DataFrame(
        [(image, method, float(scores[image, method])) for image in range(7) for method in range(5)],
        columns=["image", "method", "score"],
    )
    wanted = statistics.friedman(data, block="image", treatment="method", score="score").kendall_w
    assert ranking_agreement(scores) == pytest.approx(wanted)
    scores[0] = math.nan
    assert ranking_agreement(scores) == ranking_agreement(scores[1:])


def test_agreement_at_its_ends() -> None:
    rising = torch.arange(4.0).expand(6, -1)
    assert ranking_agreement(rising) == pytest.approx(1.0)
    assert ranking_agreement(torch.stack([rising[0], rising[0].flip(0)])) == pytest.approx(0.0)
    assert math.isnan(ranking_agreement(torch.ones(3, 4)))
    assert math.isnan(ranking_agreement(rising[:1]))
