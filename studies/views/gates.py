"""The way to the next page: consent before trials, instructions before a block, a break after a while."""

from __future__ import annotations

from typing import cast

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from studies.due import due_for
from studies.models import Enrolment, EnrolmentState, RunKind, Session, StudyState
from studies.pacing import done_since, is_enough, rest_until
from studies.selectors import Place, has_consented, is_timed, must_wait, protocol_of, readers_enrolments
from studies.services.run import sitting_of


def person(request: HttpRequest) -> User:
    """Who is signed in; views that ask are behind `login_required`."""
    return cast(User, request.user)


def own_enrolment(request: HttpRequest, pk: int) -> Enrolment:
    """The reader's own enrolment; 404 for anybody else's."""
    return get_object_or_404(readers_enrolments(request.user), pk=pk)


def is_closed(enrolment: Enrolment) -> bool:
    """The study takes no more answers."""
    return enrolment.version.study.state == StudyState.CLOSED and enrolment.run_kind != RunKind.PREVIEW


def before_reading(enrolment: Enrolment) -> str | None:
    """The page that stands before every trial: that one has left, consent, or that the study is closed."""
    if enrolment.state == EnrolmentState.COMPLETED:
        return reverse("studies:thanks", args=[enrolment.pk])
    return before_questionnaires(enrolment)


def before_questionnaires(enrolment: Enrolment) -> str | None:
    """The page that stands before every questionnaire; those of the end come when all trials are done."""
    if enrolment.state == EnrolmentState.WITHDRAWN:
        return reverse("studies:withdraw", args=[enrolment.pk])
    if is_closed(enrolment):
        return reverse("studies:closed", args=[enrolment.pk])
    if not has_consented(enrolment):
        return reverse("studies:consent", args=[enrolment.pk])
    return None


def questionnaire_page(enrolment: Enrolment, place: Place | None = None) -> str | None:
    """The page of the questionnaire that is due now; None where none is."""
    occasion = due_for(enrolment, place).next
    if occasion is None:
        return None
    return reverse("studies:questionnaire", args=[enrolment.pk, occasion.where, occasion.asked.name])


def before_trial(
    request: HttpRequest, enrolment: Enrolment, place: Place, sitting: Session | None = None
) -> str | None:
    """The page that stands before the current trial: the instructions of its block, or a break.

    `sitting` is the browser's, where it has been read already.
    """
    if place.current is None:
        return reverse("studies:thanks", args=[enrolment.pk])
    if must_wait(enrolment, place, timezone.now()):
        return reverse("studies:between_sessions", args=[enrolment.pk])
    if not knows_instructions(request, enrolment, place.current.block):
        return reverse("studies:instructions", args=[enrolment.pk])
    if break_is_due(enrolment, current_sitting(request, enrolment, sitting), place):
        return reverse("studies:pause", args=[enrolment.pk])
    return None


def sittings_of(request: HttpRequest) -> dict[int, int]:
    """The sittings that this browser knows, by enrolment."""
    found = (
        (key.removeprefix("sitting:"), value) for key, value in request.session.items() if key.startswith("sitting:")
    )
    return {int(enrolment): int(number) for enrolment, number in found}


def current_sitting(request: HttpRequest, enrolment: Enrolment, read: Session | None = None) -> Session:
    """The sitting of this browser, remembered by its session."""
    sitting = sitting_of(enrolment=enrolment, known=read or sittings_of(request).get(enrolment.pk))
    remember_sitting(request, enrolment.pk, sitting.pk)
    return sitting


def remember_sitting(request: HttpRequest, enrolment: int, sitting: int) -> None:
    """Keep the sitting in the browser's session, which is saved only where it changed."""
    key = f"sitting:{enrolment}"
    if request.session.get(key) != sitting:
        request.session[key] = sitting


def break_is_due(enrolment: Enrolment, sitting: Session, place: Place) -> bool:
    """As much has been read at a stretch as the protocol allows."""
    protocol, now = protocol_of(enrolment.version), timezone.now()
    if protocol.sessions.break_minutes:
        return is_timed(enrolment) and rest_until(place.rows, protocol, now) is not None
    return is_enough(done_since(place.rows, sitting.started_at), sitting.started_at, protocol, now)


def knows_instructions(request: HttpRequest, enrolment: Enrolment, block: str) -> bool:
    """Whether the block's instructions were read since signing in: who comes back later reads them again."""
    return f"{enrolment.pk}:{block}" in request.session.get("instructed", [])


def note_instructions(request: HttpRequest, enrolment: Enrolment, block: str) -> None:
    """The reader has read the block's instructions."""
    known = request.session.get("instructed", [])
    request.session["instructed"] = [*known, f"{enrolment.pk}:{block}"]


def not_there() -> Http404:
    """One sentence for all that a reader may not see: it tells nothing."""
    return Http404("There is no such page.")
