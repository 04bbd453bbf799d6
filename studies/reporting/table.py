"""The long table: one row a rating, with everything that is known of the map that was rated."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from portal.explanations.models import Presentation, Score
from studies.models import ANALYSED, ProtocolVersion, Purpose, Response, RunKind, Trial, TrialState
from studies.reporting.annotations import join_agreement
from studies.reporting.columns import Column
from studies.reporting.events import EVENT_COLUMNS, event_cells
from studies.reporting.readings import judged
from studies.selectors import block_of
from studies.tasks import Row, Truth
from studies.truths import Truths

Cells = dict[str, Any]
"""Values by the names of the long table's columns."""


CODEBOOK = (
    Column("study", "text", "The study's short name."),
    Column("protocol_hash", "text", "SHA-256 of the protocol version that the response belongs to."),
    Column("run_kind", "text", "live, pilot, preview, or bot (a simulated reader)."),
    Column("reader", "text", "The reader's pseudonym within the study."),
    Column("session", "integer", "Which sitting of the reader, from 1."),
    Column("block", "text", "The protocol's block."),
    Column("task", "text", "The task type."),
    Column("trial", "integer", "The trial's number in the database."),
    Column("position", "integer", "Place in the reader's order, from 0."),
    Column("purpose", "text", "ordinary; repeat (for the reader's own consistency); catch or foil (put in by rule)."),
    Column("occurrence", "integer", "1 for the first time, 2 and more for repeats."),
    Column("dataset", "text", "Where the case belongs."),
    Column("case", "text", "The case's pseudonym."),
    Column("is_phantom", "flag", "The image is synthetic."),
    Column("network", "text", "The network whose output or map was shown."),
    Column("network_task", "text", "classification or segmentation."),
    Column("arm", "text", "The blinded code of the arm."),
    Column(
        "method",
        "text",
        "The map's label; 'none': the AI's output without a map; 'unaided': the image alone; the arm's code while "
        "analysts are blinded.",
    ),
    Column("control", "flag", "The map is a control, not an explanation; false for all while analysts are blinded."),
    Column("method_b", "text", "The second map's label, where maps were compared."),
    Column("method_c", "text", "The third map's label, where three or four were compared."),
    Column("method_d", "text", "The fourth map's label, where four were compared."),
    Column("question", "text", "What was asked."),
    Column("answer", "any", "The answer that stands, as given."),
    Column("first_answer", "any", "The answer as first given; it differs where the reader changed it."),
    Column("revisions", "integer", "How often the answer was given, 1 if it was never changed."),
    Column("score", "number", "The answer as a number for which more is better (reversed questions are turned)."),
    Column("initial", "number", "Diagnosis: probability of the finding before the AI was shown, 0 to 100."),
    Column("final", "number", "Diagnosis: probability with the AI in view, 0 to 100."),
    Column("initial_decision", "integer", "Diagnosis: 1 if the first read says present."),
    Column("final_decision", "integer", "Diagnosis: 1 if the last read says present."),
    Column("expected", "any", "The right answer, where the task has one."),
    Column("correct", "flag", "The answer is the right one, where there is a right one."),
    Column("chance", "number", "How often a guess would be right, 0 to 1, where there is a right answer."),
    Column("technique", "text", "Blinding check: the family of the technique that made the map."),
    Column("place", "integer", "Rankings: the place that this map got, 1 is best; one row a map, of one trial."),
    Column("truth", "integer", "Reference standard: 1 present, 0 absent."),
    Column("advice", "integer", "The AI's call: 1 present, 0 absent."),
    Column("ai_probability", "number", "What the AI gave the finding, 0 to 1, whether or not it was shown."),
    Column("ai_correct", "flag", "The AI's call agrees with the reference standard."),
    Column(
        "active_seconds", "number", "Seconds that the reader was active on the trial, as the browser measured them."
    ),
    Column("served_at", "time", "When the server first served the trial."),
    Column("submitted_at", "time", "When the server stored the answer."),
    Column("flags", "text", "Quality flags, separated by spaces; what each means stands in the report."),
    Column("excluded_by", "text", "The preregistered exclusion rule that takes the row out of the main analysis."),
    *EVENT_COLUMNS,
    Column("explanation", "text", "Key of the map that was rated: the hash of all that decided its values."),
    Column("displayed_map", "text", "Content hash of the very bytes that the reader was shown."),
    Column("seconds_to_explain", "number", "Seconds that the map took to compute."),
)
METRIC_COLUMN = Column(
    "metric.<name>", "number", "An automatic metric of the raw map behind the rated one; empty where it is undefined."
)
SCORE_COLUMNS = (
    Column(
        "answer.<name>", "number", "What was measured of the answer itself, for example its overlap with the truth."
    ),
    METRIC_COLUMN,
    Column("displayed.<name>", "number", "The same metric of the very map that the reader was shown (displayed_map)."),
    Column(
        "blur-matched.<name>", "number", "What maps of the raw map's values, laid out as smoothly, score on average."
    ),
    Column("random.<name>", "number", "What maps of the raw map's values, laid out at random, score on average."),
    Column("error.<name>", "number", "Monte Carlo standard error of metric.<name>, where the metric draws at random."),
    Column("undefined.<name>", "text", "Why metric.<name> is undefined."),
)
"""One column each for every metric that has any value of this kind."""


EXPORTED = (*ANALYSED, Purpose.CATCH, Purpose.FOIL)
"""Whatever counts, the export has: analyses leave out by themselves what is not theirs."""


def long_table(
    version: ProtocolVersion, run_kinds: Sequence[str] = (RunKind.LIVE,), purposes: Sequence[str] = ANALYSED
) -> pd.DataFrame:
    """All answers to trials of these purposes of one version, of readers of these kinds, in a stable order."""
    trials = _trials(version, run_kinds, purposes)
    known = _Known(version, trials)
    rows = [row for trial in trials for row in _rows_of(trial, known)]
    join_agreement(rows, (trial.case_id for trial in trials))
    columns = [column.name for column in CODEBOOK]
    frame = pd.DataFrame(rows, columns=[*columns, *_in_order([*rows, *known.cells])])
    return frame.reset_index(drop=True)


class _Known:
    """Look-ups for all trials, made in a handful of queries."""

    def __init__(self, version: ProtocolVersion, trials: list[Trial]) -> None:
        self.version = version
        self.study = version.study.slug
        self.flags: dict[int, list[str]] = {}
        if trials:
            found = judged(version, sorted({str(trial.enrolment.run_kind) for trial in trials}))
            self.flags = found.flagged.of_trials(found.readings)
        self.exclusions = set(version.document.get("analysis", {}).get("exclusions", ()))
        self.responses = _responses(trials)
        self.truths = Truths.of_cases(trial.case_id for trial in trials)
        findings = {block["name"]: block.get("finding", "finding") for block in version.document["blocks"]}
        self.events = event_cells(trials, findings)
        stimuli = [stimulus for trial in trials for stimulus in trial.stimuli]
        shown = {(each.explanation_id, each.display) for each in stimuli if each.explanation_id}
        self.raw, self.displayed = _scores(shown)
        self.cells = [each for found in (self.raw, self.displayed) for each in found.values()]


def _trials(version: ProtocolVersion, run_kinds: Sequence[str], purposes: Sequence[str]) -> list[Trial]:
    chosen = Trial.objects.filter(
        enrolment__version=version, enrolment__run_kind__in=list(run_kinds), purpose__in=list(purposes)
    ).exclude(state=TrialState.PENDING)
    return list(
        chosen.select_related(
            "enrolment__reader",
            "case__dataset",
            "arm__network",
            "stimulus__explanation",
            "stimulus__arm",
        )
        .prefetch_related("further__stimulus__arm", "further__stimulus__explanation")
        .order_by("enrolment__run_kind", "enrolment__slot", "enrolment_id", "position")
    )


def _responses(trials: Iterable[Trial]) -> dict[int, dict[str, list[Response]]]:
    found: dict[int, dict[str, list[Response]]] = defaultdict(lambda: defaultdict(list))
    chosen = Response.objects.filter(trial__in=[trial.pk for trial in trials]).select_related("session")
    for response in chosen.order_by("trial_id", "step", "revision"):
        found[response.trial_id][response.step].append(response)
    return found


def _scores(shown: set[tuple[int, str]]) -> tuple[dict[int, Cells], dict[tuple[int, str], Cells]]:
    """What is known of raw maps, by explanation; and of maps as shown, by explanation and shown bytes."""
    raw: dict[int, Cells] = defaultdict(dict)
    displayed: dict[tuple[int, str], Cells] = defaultdict(dict)
    for score in Score.objects.filter(explanation_id__in={pk for pk, _ in shown}).order_by("pk"):
        if score.presentation == Presentation.RAW:
            raw[score.explanation_id] |= _cells(score)
        elif score.value is not None and (score.explanation_id, score.shown) in shown:
            displayed[score.explanation_id, score.shown][f"displayed.{score.label}"] = score.value
    return raw, displayed


def _cells(score: Score) -> Cells:
    """The cells of one score of a raw map; what is not there is left out."""
    controls = {kind: control.get("value") for kind, control in score.controls.items()}
    cells = {
        f"metric.{score.label}": score.value,
        **{f"{kind}.{score.label}": value for kind, value in controls.items()},
        f"error.{score.label}": score.standard_error,
        f"undefined.{score.label}": score.reason or None,
    }
    return {name: cell for name, cell in cells.items() if cell is not None}


def _in_order(found: Iterable[Cells]) -> list[str]:
    """The columns that have any cell: by kind as in SCORE_COLUMNS, then by metric."""
    names = {name for cells in found for name in cells}
    kinds = [column.name.removesuffix("<name>") for column in SCORE_COLUMNS]
    return [name for kind in kinds for name in sorted(names) if name.startswith(kind)]


def _rows_of(trial: Trial, known: _Known) -> list[dict[str, Any]]:
    given = known.responses.get(trial.pk)
    if not given:
        return []
    answers = {step: [response.answers for response in revisions] for step, revisions in given.items()}
    last = max((response for revisions in given.values() for response in revisions), key=lambda each: each.pk)
    truth = known.truths.of(trial)
    shared = _of_trial(trial, truth, known) | _of_time(trial, given, last, known)
    shared |= known.events.get(trial.pk, {})
    revisions = max(len(each) for each in given.values())
    task = block_of(known.version, trial.block).task
    return [
        shared | _of_map(trial, known, row.map) | _of_row(row) | {"revisions": revisions}
        for row in task.rows(answers, truth)
    ]


def _of_row(row: Row) -> dict[str, Any]:
    return {
        "question": row.question,
        "answer": _plain(row.answer),
        "first_answer": _plain(row.first),
        "score": row.score,
        "initial": row.initial,
        "final": row.final,
        "initial_decision": row.initial_decision,
        "final_decision": row.final_decision,
        "expected": _plain(row.expected),
        "correct": None if row.correct is None else bool(row.correct),
        "chance": row.chance,
        "place": row.place,
        "technique": row.expected if row.question == "technique" else None,
        **{f"answer.{name}": value for name, value in row.measures.items() if value is not None},
    }


def _plain(value: Any) -> Any:
    """Lists and mappings (orders, reasons, marks) as JSON, everything else as it is."""
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _of_trial(trial: Trial, truth: Truth, known: _Known) -> dict[str, Any]:
    network = trial.arm.network
    return {
        "study": known.study,
        "protocol_hash": known.version.hash,
        "run_kind": trial.enrolment.run_kind,
        "reader": trial.enrolment.reader.pseudonym,
        "block": trial.block,
        "task": trial.task,
        "trial": trial.pk,
        "position": trial.position,
        "purpose": trial.purpose,
        "occurrence": trial.occurrence,
        "dataset": trial.case.dataset.slug,
        "case": trial.case.slug,
        "is_phantom": trial.case.is_phantom,
        "network": network.slug if network else None,
        "network_task": network.task if network else None,
        "truth": truth.label,
        "advice": truth.advice,
        "ai_probability": truth.probability,
        "ai_correct": truth.ai_correct,
    }


def _of_map(trial: Trial, known: _Known, place: int | None) -> dict[str, Any]:
    """The map of this place, where a row is of one of several; otherwise the trial's first, with the others' labels."""
    stimuli = trial.stimuli
    stimulus = stimuli[place or 0]
    further = [] if place is not None else [each.arm.method for each in stimuli[1:]]
    explanation = stimulus.explanation
    found: dict[str, Any] = {
        "arm": stimulus.arm.code,
        "method": stimulus.arm.method,
        "control": stimulus.arm.is_control,
        **dict(zip(("method_b", "method_c", "method_d"), further, strict=False)),
        "explanation": explanation.key if explanation else None,
        "displayed_map": stimulus.display or None,
        "seconds_to_explain": explanation.seconds if explanation else None,
    }
    if explanation:
        found |= known.raw.get(explanation.pk, {})
        found |= known.displayed.get((explanation.pk, stimulus.display), {})
    return found


def _of_time(trial: Trial, given: dict[str, list[Response]], last: Response, known: _Known) -> dict[str, Any]:
    measured = [
        float(response.client["active_seconds"])
        for revisions in given.values()
        for response in revisions
        if isinstance(response.client.get("active_seconds"), (int, float))
    ]
    active = sum(measured) if measured else None
    flags = known.flags.get(trial.pk, [])
    return {
        "session": last.session.number,
        "active_seconds": active,
        "served_at": trial.served_at.isoformat() if trial.served_at else None,
        "submitted_at": last.received_at.isoformat(),
        "flags": " ".join(flags),
        "excluded_by": " ".join(flag for flag in flags if flag in known.exclusions),
    }
