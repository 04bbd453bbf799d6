"""What the quality checks look at, read in five queries however many readers there are; live and for reports alike."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from django.db.models import Count, Max, Q

from studies.models import (
    ArmKind,
    EventBatch,
    FurtherStimulus,
    ProtocolVersion,
    QuestionnaireResponse,
    Response,
    Trial,
    TrialState,
)
from studies.quality import Flagged, Readings, flags_of, registry
from studies.quality.base import COLUMNS
from studies.selectors import protocol_of
from studies.tasks import Question, Task

QUIZ, COLOURS = "comprehension", "colour-vision"


@dataclass(frozen=True)
class Judged:
    """The readings of a version's readers with every check's flags."""

    readings: Readings
    flagged: Flagged

    def by_reader(self) -> dict[str, dict[str, int]]:
        """Pseudonym to how many trials each check flags; readers and checks without flags are left out."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for name, flags in self.flagged.by_check.items():
            counts = self.readings.loc[flags.to_numpy(dtype=bool), "reader"].value_counts()
            for reader, count in counts.items():
                found[str(reader)][name] = int(count)
        return dict(found)


def judged(version: ProtocolVersion, run_kinds: Sequence[str]) -> Judged:
    """Every check on every reader of these kinds, by the thresholds that the protocol fixed."""
    readings = readings_of(version, run_kinds)
    return Judged(readings, flags_of(readings, protocol_of(version).quality))


def check_titles() -> dict[str, str]:
    """What the checks are called."""
    return {check.name: check.title for check in registry}


def readings_of(version: ProtocolVersion, run_kinds: Sequence[str]) -> Readings:
    """One row a trial, practice left out, as `studies.quality.base.Readings` says."""
    chosen = {"enrolment__version": version, "enrolment__run_kind__in": list(run_kinds)}
    given, logged = _given(version, run_kinds), _logged(version, run_kinds)
    failed, further = _failed(version, run_kinds), _further(version, run_kinds)
    tasks = {block.name: block.task for block in protocol_of(version).blocks}
    trials = Trial.objects.filter(**chosen).exclude(purpose="practice")
    rows = [
        _row(each, tasks[each["block"]], given.get(each["pk"], {}), logged.get(each["pk"]), failed, further[each["pk"]])
        for each in trials.order_by("enrolment_id", "position").values(*_TRIAL)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


_TRIAL = (
    "pk",
    "block",
    "position",
    "purpose",
    "state",
    "case_id",
    "stimulus_id",
    "stimulus__display",
    "arm__kind",
    "enrolment_id",
    "enrolment__reader__pseudonym",
    "enrolment__reader__user__email",
)
_CLIENT = {
    "active": "client__active_seconds",
    "elapsed": "client__elapsed_seconds",
    "hidden": "client__hidden_seconds",
    "width": "client__viewport__0",
    "ratio": "client__viewer__devicePixelRatio",
}


def _row(
    trial: Mapping[str, Any],
    task: Task,
    given: Mapping[str, Mapping[str, Any]],
    log: Mapping[str, bool] | None,
    failed: Mapping[int, set[str]],
    further: str,
) -> dict[str, Any]:
    clients = list(given.values())
    answers = {step: last["answers"] for step, last in given.items()}
    elapsed, hidden = _sum(clients, "elapsed"), _sum(clients, "hidden")
    wrong = failed.get(trial["enrolment_id"], set())
    return {
        "reader": trial["enrolment__reader__pseudonym"],
        "trial": trial["pk"],
        "block": trial["block"],
        "position": trial["position"],
        "purpose": trial["purpose"],
        "condition": f"{trial['case_id']}/{trial['stimulus_id']}{further}",
        "done": trial["state"] == TrialState.DONE,
        "seconds": _sum(clients, "active"),
        "level": _level(task, answers),
        "answers": json.dumps(answers, sort_keys=True) if answers else None,
        "side": next((each["preferred"] for each in answers.values() if "preferred" in each), None),
        "away": hidden / elapsed if elapsed and hidden is not None else None,
        "overlay_due": trial["arm__kind"] == ArmKind.EXPLAINED and bool(trial["stimulus__display"]),
        "overlay_shown": log["overlay"] if log else None,
        "gaps": log["gaps"] if log else None,
        "width": _least(clients, "width"),
        "pixel_ratio": _least(clients, "ratio"),
        "quiz_failed": QUIZ in wrong,
        "colour_failed": COLOURS in wrong,
        "account": _account(trial["enrolment__reader__user__email"]),
    }


def _further(version: ProtocolVersion, run_kinds: Sequence[str]) -> dict[int, str]:
    """Trial to what it shows beside its first stimulus."""
    found: dict[int, str] = defaultdict(str)
    rows = FurtherStimulus.objects.filter(
        trial__enrolment__version=version, trial__enrolment__run_kind__in=list(run_kinds)
    )
    for trial, stimulus in rows.order_by("trial_id", "place").values_list("trial_id", "stimulus_id"):
        found[trial] += f"/{stimulus}"
    return found


def _given(version: ProtocolVersion, run_kinds: Sequence[str]) -> dict[int, dict[str, dict[str, Any]]]:
    """Trial and step to the last revision's answers, and to what the browser measured over all of them."""
    found: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    rows = Response.objects.filter(
        trial__enrolment__version=version, trial__enrolment__run_kind__in=list(run_kinds)
    ).exclude(trial__purpose="practice")
    for trial, step, answers, *client in rows.order_by("trial_id", "step", "revision").values_list(
        "trial_id", "step", "answers", *_CLIENT.values()
    ):
        now = {name: value for name, value in zip(_CLIENT, client, strict=True) if _is_number(value)}
        before = found[trial].get(step, {})
        summed: dict[str, Any] = {
            name: before.get(name, 0) + now[name] for name in ("active", "elapsed", "hidden") if name in now
        }
        found[trial][step] = {**before, **now, **summed, "answers": answers}
    return found


def _logged(version: ProtocolVersion, run_kinds: Sequence[str]) -> dict[int, dict[str, bool]]:
    """Trial to whether its log has gaps, and tells of a map on the screen."""
    found: dict[int, dict[str, bool]] = {}
    pages = (
        EventBatch.objects.filter(trial__enrolment__version=version, trial__enrolment__run_kind__in=list(run_kinds))
        .values("trial_id", "page")
        .annotate(
            count=Count("pk"),
            last=Max("seq"),
            closed=Count("pk", filter=Q(is_last=True)),
            overlay=Count("pk", filter=Q(overlay_shown=True)),
        )
        .order_by("trial_id")
    )
    for page in pages:
        known = found.setdefault(page["trial_id"], {"gaps": False, "overlay": False})
        known["gaps"] |= page["count"] != page["last"] + 1 or not page["closed"]
        known["overlay"] |= page["overlay"] > 0
    return found


def _failed(version: ProtocolVersion, run_kinds: Sequence[str]) -> dict[int, set[str]]:
    """Enrolment to what was failed: the last attempt at the quiz, the colour plates."""
    last: dict[tuple[int, str], dict[str, Any]] = {}
    rows = QuestionnaireResponse.objects.filter(
        enrolment__version=version, enrolment__run_kind__in=list(run_kinds), questionnaire__in=(QUIZ, COLOURS)
    )
    for enrolment, name, outcome in rows.order_by("id").values_list("enrolment_id", "questionnaire", "outcome"):
        last[enrolment, name] = outcome
    found: dict[int, set[str]] = defaultdict(set)
    for (enrolment, name), outcome in last.items():
        if outcome.get("passed") is False or outcome.get("flag") is True:
            found[enrolment].add(name)
    return found


def _level(task: Task, answers: Mapping[str, Mapping[str, Any]]) -> float | None:
    """The mean place of the numeric answers on their scales, 0 to 1, more being better."""
    places = [
        place
        for step in task.steps
        for question in step.questions
        if (place := _place(question, answers.get(step.name, {}).get(question.name))) is not None
    ]
    return sum(places) / len(places) if places else None


def _place(question: Question, answer: Any) -> float | None:
    score = question.score(answer) if answer is not None else None
    if score is None:
        return None
    numbers = [float(option.value) for option in question.options if isinstance(option.value, int)]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 100.0)
    return (score - low) / (high - low) if high > low and low <= score <= high else None


def _account(email: str | None) -> str:
    """Equal for addresses that differ in a tag alone; empty for whom no address is known."""
    name, _at, host = (email or "").lower().partition("@")
    return f"{name.split('+')[0]}@{host}" if host else ""


def _sum(clients: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [each[name] for each in clients if name in each]
    return float(sum(values)) if values else None


def _least(clients: Sequence[Mapping[str, Any]], name: str) -> float | None:
    return min((float(each[name]) for each in clients if name in each), default=None)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
