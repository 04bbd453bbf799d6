"""Scoring maps with torch: every metric of every map of an image, the work shared. For jobs and commands only."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from django.conf import settings
from torch import Tensor, nn

from evaluation.metrics import Metric, Scored
from evaluation.metrics import registry as metrics
from evaluation.metrics.plan import score_all_with_reasons
from explainers.base import Explainer
from explainers.methods import registry as methods
from foundation.provenance import canonical_json
from foundation.registry import parameter_values
from foundation.targets import Target
from portal.catalog.models import Image
from portal.catalog.selectors import approved_images
from portal.explanations.errors import NothingToScore
from portal.explanations.models import Explanation, Presentation, Run, Score
from portal.explanations.selectors import current_explanations, map_of
from portal.explanations.work import Subject, own_seed, subjects
from portal.jobs.registry import Progress
from portal.networks.models import Network

NO_NETWORK = "The map does not depend on the network."
NO_MASK = "The case has no reference mask."


@dataclass(frozen=True)
class Judge:
    """A metric under the label that a run gave to it."""

    label: str
    metric: Metric


def score_run(run: Run, progress: Progress | None = None, *, part: int = 0, parts: int = 1) -> int:
    """Score all maps of a run by all its metrics where that has not been done; how many scores were written.

    Of several `parts`, every one takes each `parts`-th image, as `work.explain_run` does.
    """
    labels = [entry["label"] for entry in run.methods]
    images = approved_images(run.dataset)[part::parts]
    maps = current_explanations(run.network, run.dataset, labels, run.seed).filter(image__in=list(images))
    return score_maps(run.network, maps, run.metrics, run.seed, progress)


def score_maps(
    network: Network,
    explanations: Iterable[Explanation],
    plan: list[dict[str, Any]],
    seed: int = 0,
    progress: Progress | None = None,
) -> int:
    """Score maps of one network by the metrics of a plan, image by image; how many scores were written."""
    maps: dict[Image, list[Explanation]] = defaultdict(list)
    for explanation in explanations:
        maps[explanation.image].append(explanation)
    if not maps:
        raise NothingToScore(f"{network.slug!r} has no such maps to score: explain first.")
    judges = planned_metrics(plan)
    total, done, written = sum(map(len, maps.values())) * len(judges), 0, 0
    started = time.monotonic()
    for number, (subject, model) in enumerate(subjects(network, list(maps)), start=1):
        for group, lacking in _open_work(maps[subject.image], judges):
            written += _score(model, subject, group, lacking, seed=seed)
        done += len(maps[subject.image]) * len(judges)
        if progress:
            rate = number / max(time.monotonic() - started, 1e-9)
            progress(done, total, f"{subject.image.case.slug}, {rate:.2f} images/s")
    return written


def planned_metrics(plan: list[dict[str, Any]]) -> list[Judge]:
    """The metrics of a plan, built."""
    return [Judge(entry["label"], metrics.build(entry["metric"], entry["parameters"])) for entry in plan]


def _open_work(explanations: list[Explanation], judges: list[Judge]) -> list[tuple[list[Explanation], list[Judge]]]:
    """Groups of maps and the metrics that each of them still lacks, or has from another version or other parameters."""
    if not explanations:
        return []
    there = {
        (score.explanation_id, score.label): _made_with(score)
        for score in Score.objects.filter(explanation__in=explanations, presentation=Presentation.NATIVE)
    }
    by_label = {judge.label: judge for judge in judges}
    wanted = {label: _made_with(_row(explanations[0], judge, None, "", 0)) for label, judge in by_label.items()}
    groups: dict[tuple[str, ...], list[Explanation]] = defaultdict(list)
    for explanation in explanations:
        lacking = tuple(label for label in by_label if there.get((explanation.pk, label)) != wanted[label])
        groups[lacking].append(explanation)
    return [(group, [by_label[label] for label in lacking]) for lacking, group in groups.items() if lacking]


def _made_with(score: Score) -> tuple[str, str, str]:
    return score.metric, score.metric_version, canonical_json(score.parameters)


def _score(
    model: nn.Module, subject: Subject, explanations: list[Explanation], judges: list[Judge], *, seed: int
) -> int:
    """Score one image's maps and write all of it at once."""
    asking = [explanation for explanation in explanations if methods[explanation.method].asks_network]
    silent = [explanation for explanation in explanations if explanation not in asking]
    remaking = [judge for judge in judges if "explain" in judge.metric.needs]
    plain = [judge for judge in judges if judge not in remaking]
    unmasked = [judge for judge in plain if "mask" in judge.metric.needs] if subject.mask is None else []
    plain = [judge for judge in plain if judge not in unmasked]
    scores = _values(model, subject, explanations, plain, seed) + _values(model, subject, asking, remaking, seed)
    scores += [_undefined(explanation, judge, NO_NETWORK, seed) for explanation in silent for judge in remaking]
    scores += [_undefined(explanation, judge, NO_MASK, seed) for explanation in explanations for judge in unmasked]
    Score.objects.bulk_create(
        scores,
        update_conflicts=True,
        unique_fields=["explanation", "label", "presentation"],
        update_fields=["metric", "metric_version", "parameters", "seed", "value", "reason"],
    )
    return len(scores)


def _values(
    model: nn.Module, subject: Subject, explanations: list[Explanation], judges: list[Judge], seed: int
) -> list[Score]:
    if not explanations or not judges:
        return []
    device = subject.tensor.device
    found = score_all_with_reasons(
        model,
        subject.tensor,
        {str(item.pk): torch.from_numpy(map_of(item))[None].to(device) for item in explanations},
        subject.aim.target,
        {judge.label: judge.metric for judge in judges},
        masks=subject.mask,
        explain={str(item.pk): _explain(item, subject) for item in explanations},
        seed=seed,
        memory_mb=settings.MEMORY_MB,
    )
    return [
        _score_row(item, judge, found[str(item.pk), judge.label], seed) for item in explanations for judge in judges
    ]


def _explain(explanation: Explanation, subject: Subject) -> Callable[[nn.Module, Tensor, Target], Tensor]:
    """What makes this map anew for another network, image or target."""
    method: Explainer = methods.build(explanation.method, explanation.parameters)

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        masks = None if subject.mask is None else subject.mask.expand(len(images), -1, -1)
        return method.explain(model, images, target, masks=masks, seed=own_seed(explanation.seed, subject.image))

    return explain


def _score_row(explanation: Explanation, judge: Judge, scored: Scored, seed: int) -> Score:
    reason = scored.reasons[0]
    value = None if reason else float(scored.values[0])
    return _row(explanation, judge, value, reason, seed)


def _undefined(explanation: Explanation, judge: Judge, reason: str, seed: int) -> Score:
    return _row(explanation, judge, None, reason, seed)


def _row(explanation: Explanation, judge: Judge, value: float | None, reason: str, seed: int) -> Score:
    return Score(
        explanation=explanation,
        metric=judge.metric.name,
        label=judge.label,
        metric_version=judge.metric.version,
        parameters=parameter_values(judge.metric),
        presentation=Presentation.NATIVE,
        seed=seed,
        value=value,
        reason=reason[:200],
    )
