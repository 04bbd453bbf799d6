"""Sensitivity: distances known by hand, captum as oracle, and the noise that images meet."""

from __future__ import annotations

import pytest
import torch
from captum.metrics import sensitivity_max
from torch import Tensor, nn

from evaluation import score_all
from evaluation.metrics import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import classifier, input_gradient, segmenter

NAMES = ("max-sensitivity", "avg-sensitivity")
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randn(3, 2, 9, 8, generator=GENERATOR)
MAPS = torch.randn(3, 9, 8, generator=GENERATOR)
TARGET = ClassTarget(1)


def score(name: str, maps: Tensor, explain: object, images: Tensor = IMAGES, seed: int = 0, **fields: object) -> Tensor:
    metric = registry.build(name, dict(fields))
    return metric.score(classifier(), images, maps, TARGET, explain=explain, seed=seed)  # type: ignore[arg-type]


def test_distances_by_hand() -> None:
    """The map (3, 4) of norm 5 moves to (3, 0), (0, 4) and (6, 8): by 4, 3 and 5."""
    images = torch.tensor([[[[0.0, 1.0]], [[0.0, 1.0]]]])
    maps = torch.tensor([[[3.0, 4.0]]])
    moved = [torch.tensor([[entries]]) for entries in ([3.0, 0.0], [0.0, 4.0], [6.0, 8.0])]
    answers = iter(moved * 2)
    assert float(score("max-sensitivity", maps, lambda *_: next(answers), images, draws=3)) == pytest.approx(5 / 5)
    assert float(score("avg-sensitivity", maps, lambda *_: next(answers), images, draws=3)) == pytest.approx(4 / 5)


@pytest.mark.parametrize("task", ["class", "region"])
def test_it_equals_captum(task: str) -> None:
    """Oracle: captum's sensitivity_max, given the very images that our metric has explained."""
    model = classifier().eval() if task == "class" else segmenter().eval()
    target: Target = TARGET if task == "class" else RegionTarget(1, MAPS > 0)
    maps, seen = input_gradient(model, IMAGES, target), []

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        seen.append(images.clone())
        return input_gradient(model, images, target)

    found = registry.build("max-sensitivity", {"draws": 4}).score(model, IMAGES, maps, target, explain=explain)
    noisy = torch.stack(seen, 1).flatten(0, 1)

    def captums(images: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        copies = len(images[0]) // len(IMAGES)
        taken = target.bind(model, IMAGES).take(torch.arange(len(IMAGES)).repeat_interleave(copies))
        with torch.enable_grad():
            return (input_gradient(model, images[0], taken),)

    wanted = sensitivity_max(captums, (IMAGES,), lambda images, radius: (noisy,), n_perturb_samples=4)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_noise_is_uniform_within_a_share_of_the_range(name: str) -> None:
    seen = []

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        seen.append(images - IMAGES)
        return MAPS

    score(name, MAPS, explain, draws=40, radius=0.1)
    spread = 0.1 * (IMAGES.amax((1, 2, 3)) - IMAGES.amin((1, 2, 3)))
    shares = torch.stack(seen) / spread[:, None, None, None]
    assert float(shares.abs().max()) == pytest.approx(1, abs=0.01)
    assert float(shares.mean()) == pytest.approx(0, abs=0.02)
    assert float(shares.var()) == pytest.approx(1 / 3, rel=0.03)
    torch.testing.assert_close(shares[:, 0], shares[:, 2], rtol=1e-3, atol=1e-4)


def test_a_map_that_is_the_image_moves_as_the_noise_does() -> None:
    """Uniform noise of half-width w on P pixels has a norm of about w sqrt(P / 3)."""
    images = torch.randn(2, 2, 40, 40, generator=torch.Generator().manual_seed(1))
    found = score("avg-sensitivity", images[:, 0], lambda model, images, target: images[:, 0].clone(), images)
    width = 0.02 * (images.amax((1, 2, 3)) - images.amin((1, 2, 3)))
    torch.testing.assert_close(
        found, width * (1600 / 3) ** 0.5 / images[:, 0].flatten(1).norm(dim=1), rtol=0.01, atol=0
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_map_that_ignores_the_image_does_not_move(name: str) -> None:
    assert torch.equal(score(name, MAPS, lambda *_: MAPS), torch.zeros(3))


@pytest.mark.parametrize("name", NAMES)
def test_neither_the_maps_nor_the_images_unit_matters(name: str) -> None:
    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        return images.square().sum(1) / images.square().mean((1, 2, 3))[:, None, None]

    first = score(name, explain(classifier(), IMAGES, TARGET), explain)
    scaled = score(
        name, 7 * explain(classifier(), IMAGES, TARGET), lambda *arguments: 7 * explain(*arguments), 100 * IMAGES
    )
    torch.testing.assert_close(first, scaled, rtol=1e-4, atol=0)


def test_the_maximum_rises_with_draws_and_is_never_below_the_mean() -> None:
    model = classifier().eval()
    maps = input_gradient(model, IMAGES, TARGET)
    few, more = (score("max-sensitivity", maps, input_gradient, draws=draws) for draws in (3, 12))
    assert (more >= few).all()
    assert (more >= score("avg-sensitivity", maps, input_gradient, draws=12)).all()


def test_both_share_their_explanations() -> None:
    calls = []

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        calls.append(len(images))
        return input_gradient(model, images, target)

    metrics = {name: registry[name]() for name in NAMES}
    score_all(classifier(), IMAGES, {"map": MAPS}, TARGET, metrics, explain=explain)
    assert calls == [3] * 10


def test_the_means_error_is_its_spread_over_seeds() -> None:
    """Oracle: the s.d. of the score over 40 seeds, known to 11 %."""
    model = classifier().eval()
    maps = input_gradient(model, IMAGES, TARGET)
    metric = registry.build("avg-sensitivity", {"draws": 12})
    found = [
        metric.score_with_errors(model, IMAGES, maps, TARGET, explain=input_gradient, seed=seed) for seed in range(40)
    ]
    spread = torch.stack([scored.values for scored in found]).std(0)
    errors = torch.stack([scored.errors for scored in found if scored.errors is not None]).mean(0)
    torch.testing.assert_close(errors, spread, rtol=0.4, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_size_is_undefined_and_says_so(name: str) -> None:
    maps, images = MAPS.clone(), IMAGES.clone()
    maps[0], images[1] = 0, 3.0
    metric = registry[name]()
    found = metric.score_with_reasons(classifier(), images, maps, TARGET, explain=input_gradient)
    assert torch.isnan(found.values).tolist() == [True, True, False]
    assert "zero" in found.reasons[0]
    assert "constant" in found.reasons[1]
