"""Scoring maps with torch: every metric of every map of an image, raw and as shown, the work shared.

For jobs and commands only.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

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
from portal.explanations.controls import Controls, controls_of, is_controlled, undefined_controls
from portal.explanations.deliveries import IMPORTED
from portal.explanations.errors import NothingToScore
from portal.explanations.models import Explanation, Presentation, Run, Score
from portal.explanations.plans import Displayed, Plan
from portal.explanations.readings import Reading, readings
from portal.explanations.regions import Region
from portal.explanations.selectors import run_maps
from portal.explanations.targets import region_of
from portal.explanations.work import Subject, own_seed, subjects
from portal.jobs.registry import Progress
from portal.networks.models import Network

NO_NETWORK = "The map does not depend on the network."
MADE_ELSEWHERE = "The map was made elsewhere and cannot be made anew."
NO_MASK = "The case has no reference mask."


@dataclass(frozen=True)
class Judge:
    """A metric under the label that a run gave to it."""

    label: str
    metric: Metric


@dataclass(frozen=True)
class Verdict:
    """What a metric says of one reading of a map."""

    value: float | None = None
    reason: str = ""
    standard_error: float | None = None
    controls: Controls = field(default_factory=dict)


Judges = Mapping[str, list[Judge]]
"""Which metrics judge the maps of a presentation."""


def score_run(run: Run, progress: Progress | None = None, *, part: int = 0, parts: int = 1) -> int:
    """Score all maps of a run by all its metrics where that has not been done; how many scores were written.

    Of several `parts`, every one takes each `parts`-th image, as `work.explain_run` does.
    """
    images = approved_images(run.dataset)[part::parts]
    maps = run_maps(run).filter(image__in=list(images))
    return score_maps(run.network, maps, run.metrics, run.seed, progress, displayed=run.displayed)


def score_maps(
    network: Network,
    explanations: Iterable[Explanation],
    plan: Plan,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    displayed: Displayed | None = None,
) -> int:
    """Score maps of one network by the metrics of a plan, image by image; how many scores were written.

    `displayed` says which of the metrics judge maps as readers see them, too, see `plans.displayed_plan`.
    """
    maps: dict[Image, list[Explanation]] = defaultdict(list)
    for explanation in explanations:
        maps[explanation.image].append(explanation)
    if not maps:
        raise NothingToScore(f"{network.slug!r} has no such maps to score: explain first.")
    judges = planned_metrics(plan, displayed or {})
    each = sum(map(len, judges.values()))
    total, done, written = sum(map(len, maps.values())) * each, 0, 0
    started = time.monotonic()
    for number, (subject, model) in enumerate(subjects(network, list(maps)), start=1):
        for region, its_maps in _by_region(maps[subject.image]).items():
            for group, lacking in _open_work(its_maps, judges):
                written += _score(model, subject.aimed(network, region), group, lacking, seed=seed)
        done += len(maps[subject.image]) * each
        if progress:
            rate = number / max(time.monotonic() - started, 1e-9)
            progress(done, total, f"{subject.image.case.slug}, {rate:.2f} images/s")
    return written


def planned_metrics(plan: Plan, displayed: Displayed) -> Judges:
    """The metrics of a plan, built, by the presentation whose maps they judge."""
    built = {
        entry["label"]: Judge(entry["label"], metrics.build(entry["metric"], entry["parameters"])) for entry in plan
    }
    shown = {presentation: [built[label] for label in labels] for presentation, labels in displayed.items()}
    return {Presentation.RAW.value: list(built.values()), **shown}


def _by_region(explanations: list[Explanation]) -> dict[Region, list[Explanation]]:
    """Maps are judged by the target that they explain."""
    groups: dict[Region, list[Explanation]] = defaultdict(list)
    for explanation in explanations:
        groups[region_of(explanation.target)].append(explanation)
    return groups


Verdicts = dict[tuple[str, str], Verdict]
"""By a reading's key and a metric's label."""


def _open_work(explanations: list[Explanation], judges: Judges) -> list[tuple[list[Reading], list[Judge]]]:
    """Groups of maps and the metrics that each of them lacks, or has from something else than it would be now."""
    there = {
        (score.explanation_id, score.presentation, score.label): _made_with(score)
        for score in Score.objects.filter(explanation__in=explanations, presentation__in=list(judges))
    }
    by_label = {judge.label: judge for judge in judges[Presentation.RAW]}
    groups: dict[tuple[str, ...], list[Reading]] = defaultdict(list)
    for explanation in explanations:
        for reading in readings(explanation, judges):
            key = (explanation.pk, reading.presentation)
            asked = judges[reading.presentation]
            lacking = [judge.label for judge in asked if there.get((*key, judge.label)) != _wanted(reading, judge)]
            groups[tuple(lacking)].append(reading)
    return [(group, [by_label[label] for label in lacking]) for lacking, group in groups.items() if lacking]


def _wanted(reading: Reading, judge: Judge) -> tuple[object, ...]:
    controls = undefined_controls("") if _has_controls(reading, judge) else {}
    return _made_with(_row(reading, judge, Verdict(controls=controls), 0))


def _made_with(score: Score) -> tuple[object, ...]:
    """What decides a score besides its map and the seed; of controls, which there are."""
    made = (score.metric, score.metric_version, canonical_json(score.parameters))
    return (*made, score.shown, tuple(sorted(score.controls)))


def _has_controls(reading: Reading, judge: Judge) -> bool:
    return reading.presentation == Presentation.RAW and is_controlled(judge.metric)


def _score(model: nn.Module, subject: Subject, group: list[Reading], judges: list[Judge], *, seed: int) -> int:
    """Score one image's maps and write all of it at once."""
    silenced = {reading.key: _why_silent(reading.explanation) for reading in group}
    asking = [reading for reading in group if not silenced[reading.key]]
    silent = [reading for reading in group if reading not in asking]
    remaking = [judge for judge in judges if "explain" in judge.metric.needs]
    plain = [judge for judge in judges if judge not in remaking]
    unmasked = [judge for judge in plain if "mask" in judge.metric.needs] if subject.mask is None else []
    plain = [judge for judge in plain if judge not in unmasked]
    verdicts = _verdicts(model, subject, group, plain, seed) | _verdicts(model, subject, asking, remaking, seed)
    verdicts |= {
        (reading.key, judge.label): Verdict(None, silenced[reading.key]) for reading in silent for judge in remaking
    }
    verdicts |= {(reading.key, judge.label): Verdict(None, NO_MASK) for reading in group for judge in unmasked}
    _add_controls(verdicts, model, subject, group, judges, seed)
    rows = [_row(reading, judge, verdicts[reading.key, judge.label], seed) for reading in group for judge in judges]
    made = ("metric", "metric_version", "parameters", "shown", "seed")
    Score.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["explanation", "label", "presentation"],
        update_fields=[*made, "value", "reason", "standard_error", "controls"],
    )
    return len(rows)


def _why_silent(explanation: Explanation) -> str:
    """Why a map cannot be made anew for another network or image; empty where it can."""
    if explanation.method == IMPORTED:
        return MADE_ELSEWHERE
    return "" if methods[explanation.method].asks_network else NO_NETWORK


def _verdicts(model: nn.Module, subject: Subject, group: list[Reading], judges: list[Judge], seed: int) -> Verdicts:
    if not group or not judges:
        return {}
    found = score_all_with_reasons(
        model,
        subject.tensor,
        _maps(group, subject),
        subject.aim.target,
        {judge.label: judge.metric for judge in judges},
        masks=subject.mask,
        explain={
            reading.key: _explain(reading.explanation, subject)
            for reading in group
            if not _why_silent(reading.explanation)
        },
        seed=seed,
        memory_mb=settings.MEMORY_MB,
    )
    return {key: _verdict(scored) for key, scored in found.items()}


def _verdict(scored: Scored) -> Verdict:
    reason = scored.reasons[0]
    if reason:
        return Verdict(None, reason)
    # Errors that come with the draws cost nothing; those that would need other seeds are not asked for.
    error = None if scored.errors is None else float(scored.errors[0])
    return Verdict(float(scored.values[0]), "", error if error is None or math.isfinite(error) else None)


def _add_controls(
    verdicts: Verdicts, model: nn.Module, subject: Subject, group: list[Reading], judges: list[Judge], seed: int
) -> None:
    """Give the verdicts that mean little without controls theirs; where all are undefined, so are the controls."""
    raw = [reading for reading in group if reading.presentation == Presentation.RAW]
    wanting = [judge for judge in judges if is_controlled(judge.metric)]
    defined = {key for key, verdict in verdicts.items() if verdict.value is not None}
    judging = [judge for judge in wanting if any((reading.key, judge.label) in defined for reading in raw)]
    found: dict[tuple[str, str], Controls] = {}
    if judging:
        chosen = {judge.label: judge.metric for judge in judging}
        target, mask = subject.aim.target, subject.mask
        found = controls_of(model, subject.tensor, _maps(raw, subject), target, chosen, mask=mask, seed=seed)
    for key in ((reading.key, judge.label) for reading in raw for judge in wanting):
        its = found[key] if key in defined else undefined_controls(verdicts[key].reason)
        verdicts[key] = replace(verdicts[key], controls=its)


def _maps(group: list[Reading], subject: Subject) -> dict[str, Tensor]:
    device = subject.tensor.device
    return {reading.key: torch.from_numpy(reading.values)[None].to(device) for reading in group}


def _explain(explanation: Explanation, subject: Subject) -> Callable[[nn.Module, Tensor, Target], Tensor]:
    """What makes this map anew for another network, image or target."""
    method: Explainer = methods.build(explanation.method, explanation.parameters)

    def explain(model: nn.Module, images: Tensor, target: Target) -> Tensor:
        masks = None if subject.mask is None else subject.mask.expand(len(images), -1, -1)
        return method.explain(model, images, target, masks=masks, seed=own_seed(explanation.seed, subject.image))

    return explain


def _row(reading: Reading, judge: Judge, verdict: Verdict, seed: int) -> Score:
    return Score(
        explanation=reading.explanation,
        metric=judge.metric.name,
        label=judge.label,
        metric_version=judge.metric.version,
        parameters=parameter_values(judge.metric),
        presentation=reading.presentation,
        shown=reading.shown,
        seed=seed,
        value=verdict.value,
        reason=verdict.reason[:200],
        standard_error=verdict.standard_error,
        controls=verdict.controls,
    )
