"""LIME: its fit beside scikit-learn's ridge regression, its map beside captum's Lime."""

from __future__ import annotations

import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime as CaptumLime
from captum.attr._core.lime import get_exp_kernel_similarity_function
from sklearn.linear_model import Ridge
from torch import nn

from explainers.methods import registry
from explainers.methods.lime import Lime, local_fit
from explainers.segments import segments_of
from explainers.smoothing import blurred
from foundation.targets import ClassTarget, RegionTarget
from tests.explainers.networks import build, picture


@pytest.mark.parametrize("penalty", [0.0, 1.0, 30.0])
def test_the_fit_is_scikit_learns(penalty: float) -> None:
    generator = torch.Generator().manual_seed(0)
    shown = torch.rand((60, 9), generator=generator) < 0.5
    values = torch.randn(60, generator=generator) + shown.float() @ torch.arange(9.0) + 5
    # The cosine distance to the vector of ones, written out.
    ones = torch.ones(9, dtype=torch.float64)
    distance = 1 - torch.nn.functional.cosine_similarity(shown.double(), ones.expand(60, 9))
    weights = torch.exp(-(distance**2) / 0.25**2).sqrt()
    oracle = Ridge(alpha=penalty).fit(shown.numpy(), values.double().numpy(), sample_weight=weights.numpy())
    found, explained = local_fit(shown, values, 0.25, penalty)
    torch.testing.assert_close(found, torch.from_numpy(oracle.coef_), rtol=1e-8, atol=1e-8)
    score = oracle.score(shown.numpy(), values.double().numpy(), sample_weight=weights.numpy())
    # The intercept's mean is the weighted one in both, so that the explained share is scikit-learn's R2.
    assert explained == pytest.approx(score, abs=1e-8)


def test_segments_that_are_never_told_apart_share_their_weight() -> None:
    shown = torch.tensor([[True, True], [False, False], [True, True]])
    found, explained = local_fit(shown, torch.tensor([3.0, 1.0, 3.0]), 0.25, 0.0)
    torch.testing.assert_close(found, torch.ones(2, dtype=torch.float64))
    assert explained == pytest.approx(1)
    assert local_fit(shown, torch.ones(3), 0.25, 1.0)[1] == 1


def test_the_map_is_captums_for_the_same_samples() -> None:
    """Oracle: captum's Lime with the same samples, our distance handed in, and scikit-learn's ridge regression."""
    model, images = build("resnet"), picture(1)
    segments = segments_of(images[0], "grid", 3)
    lime = Lime(segments="grid", cells=3, samples=40)
    found = lime.explain(model, images, ClassTarget(1), seed=5)

    drawn = iter(lime.draw(9, seed=5))
    ones = torch.ones((1, 9))
    kernel = get_exp_kernel_similarity_function("cosine", kernel_width=0.25)
    peer = CaptumLime(
        model,
        interpretable_model=SkLearnRidge(alpha=1.0),
        similarity_func=lambda original, perturbed, sample, **_: kernel(ones, sample, None),
        perturb_func=lambda original, **_: next(drawn)[None].long(),
    )
    wanted = peer.attribute(images, target=1, feature_mask=segments.expand(1, 1, 32, 32), n_samples=40)[:, 0]
    area = torch.bincount(segments.flatten())[segments]
    torch.testing.assert_close(found * area, wanted.float(), rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))


def test_it_finds_the_weights_of_a_network_that_is_linear_in_its_segments() -> None:
    """A linear network's output is the sum of what its segments hold: without a penalty, the fit is exact."""
    images = picture(1)
    linear = nn.Linear(1024, 2)
    model = nn.Sequential(nn.Flatten(), linear)
    lime = Lime(segments="grid", cells=4, samples=100, penalty=0.0)
    made = lime.explain_with_record(model, images, ClassTarget(1))
    held = (images[0, 0] * linear.weight[1].view(32, 32)).detach()
    segments = segments_of(images[0], "grid", 4)
    wanted = torch.zeros(16).index_add(0, segments.flatten(), held.flatten())
    torch.testing.assert_close(made.maps[0] * 64, wanted[segments], rtol=1e-3, atol=1e-4)
    assert made.record[0]["explained_variance"] == pytest.approx(1, abs=1e-6)


def test_it_explains_a_region_with_superpixels_of_its_own() -> None:
    model, images = build("unet"), blurred(picture(2), 3)
    mask = torch.zeros((2, 32, 32), dtype=torch.bool)
    mask[:, 5:20, 5:20] = True
    made = Lime(samples=60, cells=4).explain_with_record(model, images, RegionTarget(1, mask), seed=1)
    for i, record in enumerate(made.record):
        assert record["segments"] > 6
        assert 0 < record["explained_variance"] <= 1
        assert float(made.maps[i].std()) > 0


@pytest.mark.parametrize("wrong", [{"samples": 1}, {"width": 0.0}, {"penalty": -1.0}])
def test_it_refuses_parameters_that_mean_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="LIME needs"):
        registry.build("lime", wrong).explain(build("plain"), picture(1), ClassTarget(0))
