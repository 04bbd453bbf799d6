"""Interaction events for analysts: what follows from them by trial, and the log itself without any name."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from portal.catalog.models import ReferenceStandard
from portal.storage import MissingArray, get_array
from studies.events import Batch, Measures, measures_of
from studies.events.measures import Mask
from studies.models import EventBatch, ProtocolVersion, Trial
from studies.reporting.columns import Column

EVENT_COLUMNS = (
    Column("events", "integer", "How many interaction events of the trial were stored; empty where none came."),
    Column("event_gaps", "flag", "Some events never came, or how the page ended is not known."),
    Column("first_interaction_seconds", "number", "From the first sight of the image to the first thing done with it."),
    Column("event_active_seconds", "number", "Time on the page without stretches of more than 30 s of nothing done."),
    Column("overlay_on", "number", "Share of the time with a map in which it was on the screen."),
    Column("unaided_seconds", "number", "Seconds that the image stood on the screen without a map over it."),
    Column("focus_loss", "number", "Share of the time in which the page was hidden or without the focus."),
    Column("window_used", "flag", "The reader changed window or level."),
    Column("zoom_used", "flag", "The reader zoomed or moved the image."),
    Column("answer_flips", "integer", "How often an answer was changed for another before it was sent."),
    Column(
        "lesion_in_viewport",
        "number",
        "Share of the reference region inside the viewport, over time: a coarse attention proxy, not where eyes were.",
    ),
    Column("lesion_ever_in_viewport", "flag", "Any of the reference region was ever inside the viewport."),
)
LOG_COLUMNS = ("run_kind", "reader", "trial", "position", "step", "page", "seq", "late", "at", "kind", "detail")


def event_cells(trials: Sequence[Trial], findings: Mapping[str, str]) -> dict[int, dict[str, Any]]:
    """The columns above, by trial; `findings` names each block's reference standard."""
    batches: dict[int, list[Batch]] = defaultdict(list)
    for stored in EventBatch.objects.filter(trial__in=[trial.pk for trial in trials]).order_by("trial_id", "id"):
        batches[stored.trial_id].append(batch_from(stored))
    lesions = _lesions([trial for trial in trials if trial.pk in batches], findings)
    found = {}
    for trial in trials:
        lesion = lesions.get((trial.case_id, findings.get(trial.block, "finding")))
        measures = measures_of(batches.get(trial.pk, ()), lesion=lesion)
        if measures is not None:
            found[trial.pk] = _cells(measures)
    return found


def event_log(version: ProtocolVersion, run_kinds: Sequence[str]) -> pd.DataFrame:
    """Every stored event of readers of these kinds, under pseudonyms; neither case nor arm stands in it."""
    stored = EventBatch.objects.filter(
        trial__enrolment__version=version, trial__enrolment__run_kind__in=list(run_kinds)
    ).select_related("trial__enrolment__reader")
    rows = [row for batch in stored.order_by("trial__enrolment_id", "trial__position", "id") for row in _log(batch)]
    return pd.DataFrame(rows, columns=list(LOG_COLUMNS))


def batch_from(stored: EventBatch) -> Batch:
    """The batch that was stored."""
    return Batch(stored.page, stored.seq, stored.step, stored.is_last, tuple(stored.events))


def _log(stored: EventBatch) -> Iterable[tuple[Any, ...]]:
    trial = stored.trial
    for event in stored.events:
        detail = {name: value for name, value in event.items() if name not in ("kind", "at")}
        yield (
            trial.enrolment.run_kind,
            trial.enrolment.reader.pseudonym,
            trial.pk,
            trial.position,
            stored.step,
            stored.page.hex[:8],
            stored.seq,
            stored.is_late,
            event["at"],
            event["kind"],
            json.dumps(detail, sort_keys=True),
        )


def _cells(measures: Measures) -> dict[str, Any]:
    return {
        "events": measures.events,
        "event_gaps": measures.has_gaps,
        "first_interaction_seconds": measures.first_interaction,
        "event_active_seconds": measures.active,
        "overlay_on": measures.overlay_on,
        "unaided_seconds": measures.unaided,
        "focus_loss": measures.focus_loss,
        "window_used": measures.window_used,
        "zoom_used": measures.zoom_used,
        "answer_flips": measures.answer_flips,
        "lesion_in_viewport": measures.lesion_in_viewport,
        "lesion_ever_in_viewport": measures.lesion_ever_in_viewport,
    }


def _lesions(trials: Sequence[Trial], findings: Mapping[str, str]) -> dict[tuple[int, str], Mask]:
    """The reference regions in the plane; a volume's has no single viewport and is left out."""
    standards = ReferenceStandard.objects.filter(
        case_id__in={trial.case_id for trial in trials}, name__in=set(findings.values()) | {"finding"}
    ).exclude(mask="")
    found: dict[tuple[int, str], Mask] = {}
    for standard in standards:
        try:
            mask = np.asarray(get_array(standard.mask), dtype=bool)
        except MissingArray:
            continue
        if mask.ndim == 2:
            found[standard.case_id, standard.name] = mask
    return found
