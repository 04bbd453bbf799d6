"""Reading what a researcher sees first: every study with its state, its readers and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from studies.models import Enrolment, EnrolmentState, ProtocolVersion, RunKind, Study, StudyState, Trial, TrialState


@dataclass(frozen=True)
class NextStep:
    """What to do now: the page's name within the panel, the button's words, and a sentence."""

    page: str
    label: str
    sentence: str


NEXT_STEPS = {
    StudyState.DRAFT: NextStep(
        "lock", "Lock the protocol", "Read the protocol through, mend what the check finds, then lock it."
    ),
    StudyState.LOCKED: NextStep(
        "launch", "Launch the study", "Take a preview as a reader, then launch the study and invite readers."
    ),
    StudyState.LIVE: NextStep(
        "progress", "See the readers", "Invite readers and watch how far they are; close the study when all are done."
    ),
    StudyState.CLOSED: NextStep("reports", "Go to the report", "The study is over: make its report and look at it."),
}


@dataclass(frozen=True)
class StudyRow:
    """A study in the list: readers of the kind that counts, and how many of their trials are done."""

    study: Study
    readers: int
    planned: int
    done: int
    total: int
    simulated: int
    next_step: NextStep

    @property
    def percent(self) -> int:
        """How much of what its readers were given is done."""
        return 100 * self.done // self.total if self.total else 0


def next_step(study: Study) -> NextStep:
    """What the study waits for."""
    return NEXT_STEPS[StudyState(study.state)]


def study_rows(state: str = "") -> list[StudyRow]:
    """All studies, newest first; four queries however many there are."""
    studies = list(Study.objects.select_related("owner").filter(**({"state": state} if state else {})))
    planned = dict(_planned(studies))
    readers: dict[int, Any] = {
        row["version__study"]: row
        for row in Enrolment.objects.filter(version__study__in=studies)
        .exclude(state=EnrolmentState.WITHDRAWN)
        .values("version__study")
        .annotate(
            live=Count("pk", filter=Q(run_kind=RunKind.LIVE)), simulated=Count("pk", filter=Q(run_kind=RunKind.BOT))
        )
        .order_by()
    }
    trials: dict[int, Any] = {
        row["enrolment__version__study"]: row
        for row in Trial.objects.filter(enrolment__version__study__in=studies, enrolment__run_kind=RunKind.LIVE)
        .exclude(enrolment__state=EnrolmentState.WITHDRAWN)
        .values("enrolment__version__study")
        .annotate(total=Count("pk"), done=Count("pk", filter=Q(state=TrialState.DONE)))
        .order_by()
    }
    return [
        StudyRow(
            study=study,
            readers=readers.get(study.pk, {}).get("live", 0),
            planned=planned.get(study.pk, 0),
            done=trials.get(study.pk, {}).get("done", 0),
            total=trials.get(study.pk, {}).get("total", 0),
            simulated=readers.get(study.pk, {}).get("simulated", 0),
            next_step=next_step(study),
        )
        for study in studies
    ]


def studies_by_state() -> list[tuple[str, list[StudyRow]]]:
    """The states' names, in the order of a study's life, with the studies that stand there."""
    rows = study_rows()
    return [(str(state.label), [row for row in rows if row.study.state == state]) for state in StudyState]


def versions_of(study: Study) -> list[ProtocolVersion]:
    """All versions, newest first."""
    return list(study.versions.select_related("created_by").order_by("-number"))


def _planned(studies: list[Study]) -> list[tuple[int, int]]:
    """How many readers the newest version plans, by study."""
    versions = ProtocolVersion.objects.filter(study__in=studies).order_by("number")
    return list(versions.values_list("study_id", "document__readers__planned"))
