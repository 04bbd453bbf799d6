"""Many metrics of many maps of the same images, with the work they have in common done once."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from evaluation.metrics.base import Metric, MetricError, Scored
from evaluation.metrics.inputs import MEMORY_MB, Explain, Inputs, as_found, prepare
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

    Each distinct altered image passes through the network once for all maps and metrics, as long as what it said is
    remembered: outputs without random or fixed sets of pixels serve all maps, removal curves all metrics of a map.
    """
    if not maps or not metrics:
        return {}
    needs = frozenset().union(*(metric.needs for metric in metrics.values()))
    explains = _explain_of_each(maps, explain, "explain" in needs)
    scored: dict[tuple[str, str], Scored] = {}
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
        checked = {label: inputs.with_maps(its_maps, None).maps for label, its_maps in maps.items()}
        remaking = {name: metric for name, metric in metrics.items() if "explain" in metric.needs}
        for label, its_maps in checked.items():
            own = inputs.with_maps(its_maps, explains[label])
            scored |= {(label, name): metric.judge(own) for name, metric in remaking.items()}
        scored |= _in_parts(inputs, checked, {name: metrics[name] for name in metrics if name not in remaking})
    return {(label, name): scored[label, name] for label in maps for name in metrics}


def _in_parts(
    inputs: Inputs, maps: Mapping[str, Tensor], metrics: Mapping[str, Metric]
) -> dict[tuple[str, str], Scored]:
    """Scores of metrics that make no maps anew, some images at a time: all maps of an image before the next."""
    found: dict[tuple[str, str], list[Scored]] = {(label, name): [] for label in maps for name in metrics}
    start = 0
    for part in inputs.parts():
        stop = start + len(part.images)
        for label, its_maps in maps.items():
            own = part.with_maps(its_maps[start:stop], None)
            for name, metric in metrics.items():
                found[label, name].append(metric.judge(own))
        start = stop
    return {key: Scored.joined(parts) for key, parts in found.items()}


def _explain_of_each(
    maps: Mapping[str, Tensor], explain: Explain | Mapping[str, Explain] | None, needed: bool
) -> dict[str, Explain | None]:
    if not isinstance(explain, Mapping):
        return dict.fromkeys(maps, explain)
    missing = [label for label in maps if label not in explain]
    if needed and missing:
        raise MetricError(f"There is no function that makes the map {missing[0]!r} anew (explain).")
    return {label: explain.get(label) for label in maps}
