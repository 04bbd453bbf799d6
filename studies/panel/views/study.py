"""The list of studies, a study's own page, and the steps of its life."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.panel.admins import actor_of
from studies.errors import ProtocolInvalid, StudyError
from studies.models import Arm, Enrolment, EnrolmentState, ProtocolVersion, RunKind, Stimulus, Study, StudyState
from studies.panel.overview import study_rows, versions_of
from studies.panel.pages import address, show, show_study, study_or_404
from studies.panel.views.power import power_context
from studies.protocol import diff, errors
from studies.services.certify import sample_sentences
from studies.services.design import check_study, close_study, draft_of, launch_study, lock_study, version_in_force
from studies.services.enrol import start_preview
from studies.versions import as_written


@dataclass(frozen=True)
class Step:
    """A step of a study's life: the words around its button."""

    name: str
    needs: StudyState
    title: str
    button: str
    done: str
    will: tuple[str, ...]
    refusal: str


STEPS = {
    "lock": Step(
        "lock",
        StudyState.DRAFT,
        "Lock the protocol",
        "Lock it now",
        "The protocol is locked.",
        (
            "The protocol is frozen under its hash; every answer will point to it.",
            "The cases are drawn, the maps are made fit for display and stored, and each arm gets a letter by lot.",
            "Afterwards a change needs a new version with a reason. Locking cannot be undone.",
        ),
        "There is no draft to lock.",
    ),
    "launch": Step(
        "launch",
        StudyState.LOCKED,
        "Launch the study",
        "Launch it now",
        "The study is live. Invite readers.",
        (
            "Every map and every case is looked up once more.",
            "Readers with an invitation can take part from now on, and their answers count.",
            "A study that is live can be closed, and not called back.",
        ),
        "Only a locked study can be launched, and only once.",
    ),
    "close": Step(
        "close",
        StudyState.LIVE,
        "Close the study",
        "Close it now",
        "The study is closed.",
        (
            "Nobody can answer any more, not even readers in the middle; open invitations stop working.",
            "The methods behind the letters stay hidden until an unblinding, unless the protocol says otherwise.",
            "Closing cannot be undone.",
        ),
        "Only a live study can be closed.",
    ),
}


def studies(request: HttpRequest) -> HttpResponse:
    """All studies, with their state, readers and progress."""
    state = request.GET.get("state", "")
    state = state if state in StudyState.values else ""
    states = [("", "All"), *StudyState.choices]
    return show(request, "studies.html", "Studies", {"rows": study_rows(state), "states": states, "state": state})


def study(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a study stands, what is wrong, what to do, and what it is made of."""
    found = study_or_404(pk)
    version = version_in_force(found)
    draft = draft_of(found)
    shown = draft or version
    problems = check_study(found) if draft or "check" in request.GET or found.state == StudyState.LOCKED else []
    return show_study(
        request,
        found,
        "study.html",
        found.title,
        {
            "version": version,
            "draft": draft,
            "problems": problems,
            "has_errors": bool(errors(problems)),
            "checked": bool(draft) or "check" in request.GET or found.state == StudyState.LOCKED,
            "question": shown.document.get("question", "") if shown else "",
            "versions": _with_changes(versions_of(found)),
            "certificate": version.certificate if version else {},
            "sample": sample_sentences(version.certificate) if version else [],
            "stimuli": Stimulus.objects.filter(version=version).count() if version else 0,
            "arms": Arm.objects.filter(version=version).count() if version else 0,
            "readers": _readers(found),
            **power_context(shown),
        },
    )


def step(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Say what will happen; do it on POST."""
    found = study_or_404(pk)
    if name not in STEPS:
        raise Http404
    chosen = STEPS[name]
    problems = list(check_study(found)) if name == "lock" and draft_of(found) else []
    refusal = ""
    if request.method == "POST":
        try:
            _take(chosen, found, request)
        except ProtocolInvalid as error:
            problems, refusal = list(error.problems), "Nothing was changed: first mend what stands below."
        except StudyError as error:
            refusal = str(error)
        else:
            messages.success(request, chosen.done)
            return redirect(address("change", pk))
    possible = draft_of(found) is not None if name == "lock" else found.state == chosen.needs
    context = {
        "step": chosen,
        "problems": problems,
        "has_errors": bool(errors(problems)),
        "possible": possible,
        "refusal": refusal or ("" if possible else f"{chosen.refusal} This study is {found.get_state_display()}."),
        "shown": draft_of(found) or version_in_force(found),
        "reading_now": _reading_now(found) if name == "close" else 0,
    }
    return show_study(request, found, "step.html", chosen.title, context, 409 if refusal else 200)


def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the study as a reader would; nothing of it is ever counted."""
    found = study_or_404(pk)
    try:
        enrolment = start_preview(study=found, actor=actor_of(request))
    except StudyError as error:
        messages.error(request, _why_no_preview(found) or str(error))
        return redirect(address("change", pk))
    if enrolment.state == EnrolmentState.COMPLETED:
        messages.info(request, "You have taken this version's preview to its end already.")
        return redirect(address("change", pk))
    return redirect("studies:study", enrolment.pk)


def _take(chosen: Step, found: Study, request: HttpRequest) -> None:
    actor = actor_of(request)
    if chosen.name == "lock":
        lock_study(study=found, actor=actor)
    elif chosen.name == "launch":
        launch_study(study=found, actor=actor)
    else:
        close_study(study=found, actor=actor)


def _why_no_preview(found: Study) -> str:
    if found.state == StudyState.DRAFT:
        return "There is nothing to preview yet: lock the protocol first, then take it as a reader would."
    return ""


def _with_changes(versions: list[ProtocolVersion]) -> list[tuple[ProtocolVersion, list[str]]]:
    """Each version with what it says otherwise than the one before, as they were written: before cases were drawn."""
    written = [as_written(version) for version in versions]
    return [
        (version, [str(each) for each in diff(before, now)] if before is not None else [])
        for version, now, before in zip(versions, written, [*written[1:], None], strict=True)
    ]


def _readers(found: Study) -> list[tuple[str, int, int]]:
    """Kind of run, how many take part, and how many have finished."""
    enrolments = Enrolment.objects.filter(version__study=found).exclude(state=EnrolmentState.WITHDRAWN)
    rows = list(enrolments.values_list("run_kind", "state"))
    return [
        (
            str(kind.label),
            sum(each == kind for each, _state in rows),
            sum(each == kind and state == EnrolmentState.COMPLETED for each, state in rows),
        )
        for kind in RunKind
        if any(each == kind for each, _state in rows)
    ]


def _reading_now(found: Study) -> int:
    """Live readers who have not finished."""
    live = Enrolment.objects.filter(version__study=found, run_kind=RunKind.LIVE)
    return live.filter(state__in=[EnrolmentState.ENROLLED, EnrolmentState.CONSENTED]).count()
