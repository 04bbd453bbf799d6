"""Randomisation metrics: what the explained copies are, and similarities known beforehand."""

from __future__ import annotations

import copy

import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from evaluation.metrics import registry
from evaluation.metrics.randomised import randomise, randomised_in_steps
from evaluation.metrics.similarity import rank_correlation
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Linear, classifier, input_gradient, segmenter

IMAGES = torch.randn(3, 2, 6, 7, generator=torch.Generator().manual_seed(0))
MAPS = torch.randn(3, 6, 7, generator=torch.Generator().manual_seed(1))


class Own(nn.Module):
    """A module with parameters of its own and no reset: one spread out, one constant, one a single number."""

    def __init__(self) -> None:
        super().__init__()
        self.spread = nn.Parameter(torch.linspace(4, 6, 50))
        self.flat = nn.Parameter(torch.zeros(3))
        self.single = nn.Parameter(torch.tensor(0.25))


def changed(first: nn.Module, second: nn.Module) -> list[str]:
    after = dict(second.named_parameters())
    return [name for name, parameter in first.named_parameters() if not torch.equal(parameter, after[name])]


@pytest.mark.parametrize("steps", [1, 2, 3, 50])
def test_the_cascade_ends_with_every_tensor_randomised(steps: int) -> None:
    """Also batch norm's constant ones and zeros, which its own reset leaves as they are."""
    model = classifier()
    counts = [len(changed(model, copied)) for copied in randomised_in_steps(model, steps, 0)]
    assert counts == sorted(set(counts))
    assert counts[0] > 0
    assert counts[-1] == len(list(model.parameters()))
    assert len(counts) == min(steps, 4)


def test_the_cascade_starts_at_the_output() -> None:
    model = classifier()
    first = next(iter(randomised_in_steps(model, 4, 0)))
    assert set(changed(model, first)) == {"8.weight", "8.bias"}


def test_a_module_without_reset_is_drawn_from_its_own_mean_and_spread() -> None:
    module = Own()
    before = copy.deepcopy(module)
    randomise(module, 3)
    assert set(changed(before, module)) == {"spread", "flat", "single"}
    drawn = module.spread.detach()
    assert float(drawn.mean()) == pytest.approx(5, abs=0.4)
    assert float(drawn.std()) == pytest.approx(float(before.spread.detach().std()), rel=0.4)


def test_the_draws_leave_the_global_generator_alone() -> None:
    torch.manual_seed(9)
    expected = torch.rand(1)
    torch.manual_seed(9)
    randomise(Own(), 3)
    assert torch.equal(torch.rand(1), expected)


def test_the_network_as_it_is_takes_no_part() -> None:
    model, seen = classifier(), []

    def explain(explained: nn.Module, images: Tensor, target: Target) -> Tensor:
        seen.append(changed(model, explained))
        return input_gradient(explained, images, target)

    registry.build("model-randomisation", {"steps": 3}).score(model, IMAGES, MAPS, ClassTarget(0), explain=explain)
    assert len(seen) == 3
    assert all(seen)


@pytest.mark.parametrize("target", [ClassTarget(1), RegionTarget(1, MAPS > 0)])
@pytest.mark.parametrize("name", ["model-randomisation", "random-logit"])
def test_a_map_that_ignores_the_network_stays_the_same(name: str, target: Target) -> None:
    model = classifier() if isinstance(target, ClassTarget) else segmenter()
    scores = registry[name]().score(model, IMAGES, MAPS, target, explain=lambda *_: 3 * MAPS + 1)
    torch.testing.assert_close(scores, torch.ones(3))
    scores = registry[name]().score(model, IMAGES, MAPS, target, explain=lambda *_: -MAPS)
    torch.testing.assert_close(scores, -torch.ones(3))


def test_the_mean_is_over_the_stages() -> None:
    """The first stage gives the same map, the second the opposite, the third a constant: (1 - 1 + 0) / 3."""
    answers = iter([MAPS, -MAPS, torch.zeros_like(MAPS)])
    metric = registry.build("model-randomisation", {"steps": 3})
    scores = metric.score(classifier(), IMAGES, MAPS, ClassTarget(0), explain=lambda *_: next(answers))
    torch.testing.assert_close(scores, torch.zeros(3), rtol=0, atol=1e-6)


def test_the_sign_policy_is_applied_to_both_maps() -> None:
    metric = registry.build("model-randomisation", {"sign": "absolute"})
    scores = metric.score(classifier(), IMAGES, MAPS, ClassTarget(0), explain=lambda *_: -MAPS)
    torch.testing.assert_close(scores, torch.ones(3))


@pytest.mark.parametrize("name", ["model-randomisation", "smooth-model-randomisation", "random-logit"])
def test_a_constant_map_is_undefined_and_says_so(name: str) -> None:
    flat = torch.ones(3, 6, 7)
    result = registry[name]().score_with_reasons(classifier(), IMAGES, flat, ClassTarget(0), explain=input_gradient)
    assert torch.isnan(result.values).all()
    assert all("constant" in reason for reason in result.reasons)


def test_the_other_class_is_another_class_and_the_same_region() -> None:
    seen: list[Target] = []

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        seen.append(target)
        return MAPS

    metric = registry["random-logit"]()
    classes = torch.tensor([0, 1, 2])
    for seed in range(4):
        metric.score(classifier(), IMAGES, MAPS, ClassTarget(classes), explain=explain, seed=seed)
        metric.score(segmenter(), IMAGES, MAPS, RegionTarget(1, MAPS > 0), explain=explain, seed=seed)
    for target in seen:
        if isinstance(target, ClassTarget):
            assert isinstance(target.index, Tensor)
            assert (target.index != classes).all()
            assert ((target.index >= 0) & (target.index < 3)).all()
        else:
            assert isinstance(target, RegionTarget)
            assert target.channel in (0, 2)
            assert target.mask is not None
            assert torch.equal(target.mask, MAPS > 0)


def test_a_network_with_one_output_has_no_other_class() -> None:
    model = Linear(torch.ones(1, 2, 6, 7))
    result = registry["random-logit"]().score_with_reasons(model, IMAGES, MAPS, ClassTarget(0), explain=input_gradient)
    assert torch.isnan(result.values).all()
    assert "no other class" in result.reasons[0]


def test_rank_correlation_equals_scipy() -> None:
    """Oracle: scipy.stats.spearmanr, on values with ties."""
    generator = torch.Generator().manual_seed(4)
    first = torch.randint(0, 4, (3, 40), generator=generator).float()
    second = torch.randint(0, 9, (3, 40), generator=generator).float()
    wanted = [stats.spearmanr(a, b).statistic for a, b in zip(first.numpy(), second.numpy(), strict=True)]
    assert rank_correlation(first, second).tolist() == pytest.approx(wanted)


def test_a_map_of_the_wrong_shape_from_explain_is_refused() -> None:
    with pytest.raises(ValueError, match="fit"):
        registry["random-logit"]().score(classifier(), IMAGES, MAPS, ClassTarget(0), explain=lambda *_: MAPS[:, None])


SMOOTH = "smooth-model-randomisation"


@pytest.mark.parametrize("fields", [{"draws": 1}, {"noise": 0.0, "draws": 4}])
def test_smoothing_over_clean_images_alone_changes_nothing(fields: dict[str, float]) -> None:
    target = ClassTarget(1)
    maps = input_gradient(classifier().eval(), IMAGES, target)
    plain = registry["model-randomisation"]().score(classifier(), IMAGES, maps, target, explain=input_gradient)
    smooth = registry.build(SMOOTH, fields).score(classifier(), IMAGES, maps, target, explain=input_gradient)
    torch.testing.assert_close(smooth, plain, rtol=0, atol=0.01)


@pytest.mark.parametrize("target", [ClassTarget(1), RegionTarget(1, MAPS > 0)])
def test_a_smoothed_map_that_ignores_the_network_stays_the_same(target: Target) -> None:
    model = classifier() if isinstance(target, ClassTarget) else segmenter()

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        return images.sum(1)

    scores = registry[SMOOTH]().score(model, IMAGES, IMAGES.sum(1), target, explain=explain)
    torch.testing.assert_close(scores, torch.ones(3))


def test_smooth_randomisation_equals_a_plain_loop() -> None:
    """Oracle: SciPy's rank correlation of means over the very images that our metric has explained."""
    model, target, seen = classifier().eval(), ClassTarget(1), []

    def explain(explained: nn.Module, images: Tensor, target: Target) -> Tensor:
        maps = input_gradient(explained, images, target)
        seen.append((images.clone(), maps, bool(changed(model, explained))))
        return maps

    maps = input_gradient(model, IMAGES, target)
    fields = {"draws": 5, "steps": 2, "noise": 0.2}
    found = registry.build(SMOOTH, fields).score(model, IMAGES, maps, target, explain=explain)
    own, first, second = seen[:4], seen[4:9], seen[9:]
    assert [other for _, _, other in seen] == [False] * 4 + [True] * 10
    assert all(torch.equal(images, IMAGES) for images, _, _ in (first[0], second[0]))
    for a, b, c in zip(own, first[1:], second[1:], strict=True):
        assert torch.equal(a[0], b[0])
        assert torch.equal(b[0], c[0])
    for place in range(3):
        smooth = torch.stack([maps[place], *(mine[place] for _, mine, _ in own)]).mean(0)
        others = [torch.stack([other[place] for _, other, _ in stage]).mean(0) for stage in (first, second)]
        wanted = [stats.spearmanr(smooth.flatten(), other.flatten()).statistic for other in others]
        assert float(found[place]) == pytest.approx(sum(wanted) / 2, abs=1e-3)


def test_smoothing_noise_is_normal_with_a_share_of_the_range() -> None:
    seen: list[Tensor] = []

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        seen.append(images - IMAGES)
        return MAPS

    registry.build(SMOOTH, {"draws": 60, "steps": 1}).score(classifier(), IMAGES, MAPS, ClassTarget(0), explain=explain)
    spread = IMAGES.amax((1, 2, 3)) - IMAGES.amin((1, 2, 3))
    shares = torch.stack(seen[:59]) / spread[:, None, None, None]
    assert float(shares.std()) == pytest.approx(0.1, rel=0.03)
    assert float(shares.mean()) == pytest.approx(0, abs=0.005)
