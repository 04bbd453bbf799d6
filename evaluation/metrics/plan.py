"""Many metrics of many maps of the same images, with the work they have in common done once."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from evaluation.metrics.base import Metric, MetricError, Scored
from evaluation.metrics.inputs import MEMORY_MB, Explain, as_found, prepare
from foundation.targets import Target

Scores = dict[tuple[str, str], Tensor]


def score_all(
    model: nn.Module | None,
    images: Tensor,
    maps: Mapping[str, Tensor],
    target: Target | None,
    metrics: Mapping[str, Metric],
    *,
    masks: Tensor | None = None,
    explain: Explain | Mapping[str, Explain] | None = None,
    seed: int = 0,
    memory_mb: int = MEMORY_MB,
) -> Scores:
    """The scores `(B,)` of each map by each metric, keyed (map label, metric label); NaN where undefined.

    `maps` takes labels to `(B, H, W)`, `metrics` labels to instances; `explain` is one function, or one a map label.
    Values are those of single calls. Raises ValueError for arguments that do not fit.
    """
    scored = score_all_with_reasons(
        model, images, maps, target, metrics, masks=masks, explain=explain, seed=seed, memory_mb=memory_mb
    )
    return {key: found.values for key, found in scored.items()}


def score_all_with_reasons(
    model: nn.Module | None,
    images: Tensor,
    maps: Mapping[str, Tensor],
    target: Target | None,
    metrics: Mapping[str, Metric],
    *,
    masks: Tensor | None = None,
    explain: Explain | Mapping[str, Explain] | None = None,
    seed: int = 0,
    memory_mb: int = MEMORY_MB,
) -> dict[tuple[str, str], Scored]:
    """As `score_all`, with a sentence for each undefined score.

    Checks, target and the outputs of whole and bare images serve all maps; removal curves serve all metrics of a map.
    """
    if not maps or not metrics:
        return {}
    needs = frozenset().union(*(metric.needs for metric in metrics.values()))
    explains = _explain_of_each(maps, explain, "explain" in needs)
    scored = {}
    with as_found(model):
        first = next(iter(maps))
        inputs = prepare(
            model,
            images,
            maps[first],
            target,
            needs=needs,
            masks=masks,
            explain=explains[first],
            seed=seed,
            memory_mb=memory_mb,
        )
        for label, its_maps in maps.items():
            own = inputs.with_maps(its_maps, explains[label])
            for name, metric in metrics.items():
                scored[label, name] = metric.judge(own)
    return scored


def _explain_of_each(
    maps: Mapping[str, Tensor], explain: Explain | Mapping[str, Explain] | None, needed: bool
) -> dict[str, Explain | None]:
    if not isinstance(explain, Mapping):
        return dict.fromkeys(maps, explain)
    missing = [label for label in maps if label not in explain]
    if needed and missing:
        raise MetricError(f"There is no function that makes the map {missing[0]!r} anew (explain).")
    return {label: explain.get(label) for label in maps}
