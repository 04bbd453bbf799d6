"""The page of a trial."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from studies.blinding import ShownTrial, shown_trial
from studies.models import Trial
from studies.selectors import Place, known_sitting, place_of, readers_trials
from studies.services.run import may_revise, serve_trial, task_of
from studies.views.gates import before_reading, before_trial, not_there, sittings_of


@require_safe
@login_required
@never_cache
def trial(request: HttpRequest, token: str) -> HttpResponse:
    """The reader's current trial; a finished one sends on to where the reader is, a later one is not there."""
    found = own_trial(request, token)
    if (page := before_reading(found.enrolment)) is not None:
        return redirect(page)
    if found.waits:  # type: ignore[attr-defined]  # annotated by the selector
        raise not_there()
    place = place_of(found.enrolment)
    if place.current is None or place.current.pk != found.pk:
        return redirect("studies:study", found.enrolment_id)
    if (page := before_trial(request, found.enrolment, place, known_sitting(found))) is not None:
        return redirect(page)
    serve_trial(trial=found)
    shown = shown_trial(found, place=place, step=found.step, earlier=_earlier(found), previous=_previous(found, place))
    return _page(request, found, shown)


@require_safe
@login_required
@never_cache
def change(request: HttpRequest, token: str) -> HttpResponse:
    """The last finished trial once more, where its answers may be changed; the first ones are kept."""
    found = own_trial(request, token)
    if (page := before_reading(found.enrolment)) is not None:
        return redirect(page)
    if not may_revise(found, task_of(found)):
        return redirect("studies:study", found.enrolment_id)
    last = found.responses.order_by("-id").first()
    place = place_of(found.enrolment)
    given = last.answers if last else {}
    return _page(request, found, shown_trial(found, place=place, step=0, given=given, is_change=True))


def own_trial(request: HttpRequest, token: str) -> Trial:
    """The reader's own trial; 404 for anybody else's."""
    found = readers_trials(request.user, sittings_of(request).values()).filter(token=token).first()
    if found is None:
        raise not_there()
    found.enrolment.newest_document = found.newest_document  # type: ignore[attr-defined]  # annotated by the selector
    return found


def _page(request: HttpRequest, found: Trial, shown: ShownTrial) -> HttpResponse:
    context: dict[str, Any] = {"shown": shown, "pk": found.enrolment_id}
    return render(request, f"studies/tasks/{shown.task}.html", context)


def _earlier(found: Trial) -> dict[str, dict[str, Any]]:
    """What the reader answered to the steps before this one, in their order."""
    if not found.step:
        return {}
    return dict(found.responses.order_by("id").values_list("step", "answers"))


def _previous(found: Trial, place: Place) -> str | None:
    """The token to go back to, where the trial before belongs to the same block and is not locked."""
    row = place.before(found.position)
    if row is None or found.step or row.is_practice or row.block != found.block:
        return None
    return None if any(step.locks for step in task_of(found).steps) else row.token
