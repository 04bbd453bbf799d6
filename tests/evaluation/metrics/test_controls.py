"""Control maps: the map's values in other places, as smooth as the map or not smooth at all."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from evaluation.metrics import MetricError, registry
from evaluation.metrics.baselines import blurred
from evaluation.metrics.controls import ControlScores, control_maps, control_scores
from foundation.targets import ClassTarget
from tests.evaluation.metrics.networks import classifier

KINDS = ("blur-matched", "random")
DRAWS = 12


def maps_of(name: str) -> Tensor:
    """A map `(1, 48, 40)` of some kind."""
    noise = torch.randn(1, 48, 40, generator=torch.Generator().manual_seed(2))
    coarse = functional.interpolate(noise[:, None, :6, :5], (48, 40), mode="bilinear")[:, 0]
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(40.0), indexing="ij")
    found: dict[str, Tensor] = {
        "white": noise,
        "blurred": blurred(noise[:, None], 2.0)[:, 0],
        "cam": coarse.clamp(min=0),
        "blob": torch.exp(-((rows - 30) ** 2 + (columns - 15) ** 2) / 72)[None],
    }
    return found[name]


def half_width(values: Tensor) -> float:
    """The mean lag, down and across, at which the autocorrelation of `(H, W)` falls below a half."""
    values = values - values.mean()
    variance = values.square().mean()
    lags = []
    for axis in (0, 1):
        for lag in range(1, values.shape[axis]):
            first = values.narrow(axis, 0, values.shape[axis] - lag)
            second = values.narrow(axis, lag, values.shape[axis] - lag)
            if (first * second).mean() < variance / 2:
                break
        lags.append(lag)
    return sum(lags) / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["white", "blurred", "cam", "blob"])
def test_a_control_has_the_values_of_the_map_in_other_places(kind: str, name: str) -> None:
    maps = maps_of(name)
    control = control_maps(maps, kind, 0)  # type: ignore[arg-type]
    assert torch.equal(control.flatten().sort().values, maps.flatten().sort().values)
    assert not torch.equal(control, maps)
    assert abs(float(torch.corrcoef(torch.stack([control.flatten(), maps.flatten()]))[0, 1])) < 0.9


@pytest.mark.parametrize("name", ["white", "blurred", "cam", "blob"])
def test_a_blur_matched_control_is_as_smooth_as_the_map(name: str) -> None:
    """Oracle: the autocorrelation, by lags, of the values as they lie; on average over draws within a quarter."""
    maps = maps_of(name)
    widths = [half_width(control_maps(maps, "blur-matched", seed)[0]) for seed in range(DRAWS)]
    assert sum(widths) / DRAWS == pytest.approx(half_width(maps[0]), rel=0.25)


def test_a_random_control_is_not_smooth() -> None:
    assert half_width(maps_of("blob")[0]) > 5
    assert half_width(control_maps(maps_of("blob"), "random", 0)[0]) == 1


def test_a_blur_matched_control_lies_anywhere() -> None:
    """The mean over many draws keeps nothing of where the map's blob lay."""
    maps = maps_of("blob")
    mean = torch.cat([control_maps(maps, "blur-matched", seed) for seed in range(200)]).mean(0)
    assert float(mean.max() - mean.min()) < 0.35 * float(maps.max() - maps.min())


@pytest.mark.parametrize("kind", KINDS)
def test_a_control_depends_on_its_map_and_the_seed_alone(kind: str) -> None:
    maps = torch.cat([maps_of(name) for name in ("cam", "blob", "white")])
    copy = maps.clone()
    together = control_maps(maps, kind, 5)  # type: ignore[arg-type]
    assert torch.equal(maps, copy)
    for place in range(3):
        assert torch.equal(control_maps(maps[place : place + 1], kind, 5)[0], together[place])  # type: ignore[arg-type]
    assert torch.equal(control_maps(maps, kind, 5), together)  # type: ignore[arg-type]
    assert not torch.equal(control_maps(maps, kind, 6), together)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_map_is_its_own_control(kind: str) -> None:
    assert torch.equal(control_maps(torch.full((2, 5, 7), 3.0), kind, 0), torch.full((2, 5, 7), 3.0))  # type: ignore[arg-type]


def test_scores_are_those_of_the_control_maps() -> None:
    """Oracle: by chance, the top pixels lie in the mask as often as its share of the image."""
    generator = torch.Generator().manual_seed(1)
    images, maps = torch.randn(2, 2, 48, 40, generator=generator), maps_of("cam").expand(2, -1, -1)
    masks = torch.zeros(2, 48, 40, dtype=torch.bool)
    masks[:, 10:30, 5:20] = True
    names = ["pointing-game", "relevance-rank", "deletion"]
    metrics = {name: registry[name]() for name in names}
    target = ClassTarget(1)
    found = control_scores(
        classifier(), images, {"cam": maps}, target, metrics, masks=masks, kind="random", draws=30, seed=4
    )
    assert set(found) == {("cam", name) for name in names}
    share = float(masks[0].float().mean())
    ranks = found["cam", "relevance-rank"]
    assert ranks.values.shape == (30, 2)
    assert float(ranks.mean[0]) == pytest.approx(share, abs=4 * float(ranks.sd[0]) / 30**0.5)
    assert 0 < float(ranks.sd[0]) < 0.05
    assert len(set(ranks.values[:, 0].tolist())) > 10


def test_a_map_that_finds_the_region_beats_its_controls() -> None:
    maps = maps_of("blob")
    masks = maps > 0.5
    metrics = {name: registry[name]() for name in ("relevance-mass", "mask-auc")}
    for kind in KINDS:
        found = control_scores(None, maps[:, None], {"blob": maps}, None, metrics, masks=masks, kind=kind, draws=20)  # type: ignore[arg-type]
        for name, metric in metrics.items():
            own = metric.score(None, maps[:, None], maps, None, masks=masks)
            control = found["blob", name]
            assert float(own) > float(control.mean + control.sd)


def test_undefined_draws_are_not_hidden() -> None:
    scores = ControlScores(torch.tensor([[1.0, torch.nan], [3.0, 1.0]]))
    assert scores.mean.isnan().tolist() == scores.sd.isnan().tolist() == [False, True]
    assert float(scores.mean[0]) == 2
    assert float(scores.sd[0]) == pytest.approx(2**0.5)


def test_what_has_no_control_is_refused() -> None:
    maps, images, target = maps_of("cam"), torch.zeros(1, 2, 48, 40), ClassTarget(0)
    with pytest.raises(MetricError, match="no control 'smooth'"):
        control_maps(maps, "smooth", 0)  # type: ignore[arg-type]
    with pytest.raises(MetricError, match="finite"):
        control_maps(maps * torch.nan, "random", 0)
    with pytest.raises(MetricError, match="2 draws"):
        control_scores(None, images, {"cam": maps}, None, {"a": registry["sparseness"]()}, draws=1)
    again = {"again": registry["random-logit"]()}
    with pytest.raises(MetricError, match="anew"):
        control_scores(classifier(), images, {"cam": maps}, target, again)
