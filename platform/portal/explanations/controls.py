"""What maps like the scored ones, but ignorant of network and image, would score. For jobs and commands only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from django.conf import settings
from torch import Tensor, nn

from evaluation.metrics import Metric
from evaluation.metrics.controls import ControlKind, ControlScores, control_scores
from foundation.targets import Target

KINDS: tuple[ControlKind, ...] = get_args(ControlKind)
Controls = dict[str, dict[str, Any]]
"""By kind: `value` (the mean over the draws), its `standard_error`, how many `draws`, and a `reason` if undefined."""

#: How many control maps stand beside each map; a table's mean over many cases averages their chance out.
DRAWS = 4
#: The same for metrics that run the network for each of them.
DRAWS_OF_NETWORK = 2
UNDEFINED = "The score of a control map is undefined."


def is_controlled(metric: Metric) -> bool:
    """Whether a score means little without its controls: those that reward smooth or well-placed blobs."""
    return (metric.family == "localisation" or metric.name == "road") and "explain" not in metric.needs


def controls_of(
    model: nn.Module,
    image: Tensor,
    maps: Mapping[str, Tensor],
    target: Target,
    metrics: Mapping[str, Metric],
    *,
    mask: Tensor | None,
    seed: int,
) -> dict[tuple[str, str], Controls]:
    """Both kinds of controls of every map `(1, H, W)` by every metric, keyed (map, metric)."""
    found: dict[tuple[str, str], Controls] = {}
    for draws, chosen in _by_draws(metrics):
        for kind in KINDS:
            scored = control_scores(
                model,
                image,
                maps,
                target,
                chosen,
                masks=mask,
                kind=kind,
                draws=draws,
                seed=seed,
                memory_mb=settings.MEMORY_MB,
            )
            for key, scores in scored.items():
                found.setdefault(key, {})[kind] = _described(scores, draws)
    return found


def undefined_controls(reason: str) -> Controls:
    """Where the score itself is undefined, so are its controls."""
    return {kind: {"value": None, "standard_error": None, "draws": 0, "reason": reason} for kind in KINDS}


def _by_draws(metrics: Mapping[str, Metric]) -> Sequence[tuple[int, dict[str, Metric]]]:
    cheap = {label: metric for label, metric in metrics.items() if "model" not in metric.needs}
    dear = {label: metric for label, metric in metrics.items() if label not in cheap}
    return [(draws, chosen) for draws, chosen in ((DRAWS, cheap), (DRAWS_OF_NETWORK, dear)) if chosen]


def _described(scores: ControlScores, draws: int) -> dict[str, Any]:
    value, error = float(scores.mean[0]), float(scores.sd[0]) / math.sqrt(draws)
    if not math.isfinite(value):
        return {"value": None, "standard_error": None, "draws": draws, "reason": UNDEFINED}
    return {"value": value, "standard_error": error, "draws": draws, "reason": ""}
