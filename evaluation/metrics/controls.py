"""Control maps: what a map of the same values, but without knowledge of network and image, would score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from evaluation.metrics.base import Metric, MetricError
from evaluation.metrics.inputs import MEMORY_MB
from evaluation.metrics.plan import score_all
from evaluation.metrics.ranks import Ranks
from foundation.seeds import derive
from foundation.targets import Target

ControlKind = Literal["blur-matched", "random"]


@dataclass(frozen=True)
class ControlScores:
    """What control maps scored in the place of a map: `values (draws, B)`, NaN where undefined."""

    values: Tensor

    @property
    def mean(self) -> Tensor:
        """The expected score `(B,)` of such a control; NaN where a draw is undefined."""
        return self.values.mean(0)

    @property
    def sd(self) -> Tensor:
        """The s.d. `(B,)` of the controls' scores over the draws; NaN where a draw is undefined."""
        return self.values.std(0)


def control_scores(
    model: nn.Module | None,
    images: Tensor,
    maps: Mapping[str, Tensor],
    target: Target | None,
    metrics: Mapping[str, Metric],
    *,
    masks: Tensor | None = None,
    kind: ControlKind = "blur-matched",
    draws: int = 8,
    seed: int = 0,
    memory_mb: int = MEMORY_MB,
) -> dict[tuple[str, str], ControlScores]:
    """The scores of `draws` control maps in the place of each map, keyed (map label, metric label).

    Arguments are those of `evaluation.score_all`; for metrics that judge the map itself, such as localisation and
    ROAD. A metric that makes maps anew (`explain`) has no control here. Raises ValueError for what does not fit.
    """
    if draws < 2:
        raise MetricError(f"Controls need at least 2 draws, not {draws}.")
    remade = [label for label, metric in metrics.items() if "explain" in metric.needs]
    if remade:
        raise MetricError(f"The metric {remade[0]!r} makes maps anew, so it has no control map.")
    found = {}
    for label, its_maps in maps.items():
        arranged = _arranged(its_maps, kind)
        controls = {str(draw): arranged(derive(seed, draw)) for draw in range(draws)}
        scores = score_all(model, images, controls, target, metrics, masks=masks, seed=seed, memory_mb=memory_mb)
        for name in metrics:
            found[label, name] = ControlScores(torch.stack([scores[draw, name] for draw in controls]))
    return found


def control_maps(maps: Tensor, kind: ControlKind, seed: int) -> Tensor:
    """A control for each of `maps (B, H, W)`: the same values in other places, `(B, H, W)`.

    `random` lays them out in random order. `blur-matched` lays them out as smoothly as the map: in the order of a
    Gaussian random field with the map's power spectrum, hence its autocorrelation. (An amplitude-adjusted surrogate,
    Theiler et al. 1992, doi:10.1016/0167-2789(92)90102-S; that removal metrics reward blur by itself: Song et al.,
    arXiv:2304.13836.) All values are kept, so map and controls differ by arrangement alone, and a constant map is its
    own control. The field depends on `seed` and the shape, not on the batch.
    """
    return _arranged(maps, kind)(seed)


def _arranged(maps: Tensor, kind: ControlKind) -> Callable[[int], Tensor]:
    """What makes a control of a seed, with the work that all draws share done."""
    if kind not in get_args(ControlKind):
        raise MetricError(f"There is no control {kind!r}; there are: {', '.join(get_args(ControlKind))}.")
    if maps.ndim != 3 or maps.numel() == 0 or not torch.isfinite(maps).all():
        raise MetricError(f"Control maps need finite maps (B, H, W), not {tuple(maps.shape)}.")
    values = maps.flatten(1).sort(1).values
    amplitude = _amplitude(maps) if kind == "blur-matched" else None

    def arrange(seed: int) -> Tensor:
        order = _field(maps, amplitude, derive(seed, kind)).flatten(1).argsort(1)
        return torch.empty_like(values).scatter_(1, order.expand_as(values), values).view_as(maps)

    return arrange


def _amplitude(maps: Tensor) -> Tensor:
    """The Fourier amplitudes `(B, 2H, W + 1)` of the maps' normal scores.

    The maps are mirrored beyond their edges, so that an edge does not count as a jump.
    """
    ranks = Ranks.of(maps.flatten(1)).expected
    scores = torch.special.ndtri((ranks - 0.5) / ranks.shape[1]).view(maps.shape).float()
    rows = torch.cat([scores, scores.flip(1)], 1)
    amplitude = torch.fft.rfft2(torch.cat([rows, rows.flip(2)], 2)).abs()
    amplitude[:, 0, 0] = 0
    return amplitude


def _field(maps: Tensor, amplitude: Tensor | None, seed: int) -> Tensor:
    """White noise `(1, H, W)`, or such of given amplitudes `(B, H, W)`, cut from a torus so that its edges differ."""
    height, width = maps.shape[1:]
    noise = torch.randn(2 * height, 2 * width, generator=torch.Generator().manual_seed(seed)).to(maps.device)
    if amplitude is not None:
        noise = torch.fft.irfft2(torch.fft.rfft2(noise) * amplitude, s=noise.shape)
    return noise[..., :height, :width].reshape(-1, height, width)
