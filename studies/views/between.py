"""Pages between trials: a block's instructions, a break, the end."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studies.blinding import translated
from studies.forms import RemarkForm
from studies.models import Enrolment, EnrolmentState
from studies.pacing import rest_until
from studies.selectors import consent_in_force, is_timed, must_wait, place_of, protocol_of
from studies.services.questionnaires import Sent, leave_remark
from studies.services.run import new_sitting
from studies.views.gates import (
    before_reading,
    is_closed,
    note_instructions,
    own_enrolment,
    person,
    questionnaire_page,
    remember_sitting,
)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def instructions(request: HttpRequest, pk: int) -> HttpResponse:
    """What the block asks, and what a highlight does and does not mean."""
    enrolment = own_enrolment(request, pk)
    if (page := before_reading(enrolment)) is not None:
        return redirect(page)
    place = place_of(enrolment)
    if place.current is None:
        return redirect("studies:study", pk)
    if (page := questionnaire_page(enrolment, place)) is not None:
        return redirect(page)
    if request.method == "POST":
        note_instructions(request, enrolment, place.current.block)
        return redirect("studies:study", pk)
    block = protocol_of(enrolment.version).block(place.current.block)
    rows = [row for row in place.rows if row.block == block.name]
    return render(
        request,
        "studies/instructions.html",
        {
            "task": block.task.name,
            "task_title": translated(block.task.title, ""),
            "task_instruction": translated(block.task.instruction, translated(block.finding, "")),
            "finding": translated(block.finding, ""),
            "own_words": block.instructions.in_language(get_language() or "en"),
            "number": place.blocks.index(block.name) + 1,
            "blocks": len(place.blocks),
            "practice": sum(row.is_practice for row in rows),
            "trials": sum(not row.is_practice for row in rows),
            "place": place,
            "pk": pk,
        },
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """A break is due; going on starts a new sitting."""
    enrolment = own_enrolment(request, pk)
    if (page := before_reading(enrolment)) is not None:
        return redirect(page)
    protocol, place = protocol_of(enrolment.version), place_of(enrolment)
    rest = rest_until(place.rows, protocol, timezone.now()) if is_timed(enrolment) else None
    if request.method == "POST" and rest is None:
        remember_sitting(request, pk, new_sitting(enrolment=enrolment).pk)
        return redirect("studies:study", pk)
    context = {"minutes": protocol.readers.session_minutes, "place": place, "rest_until": rest, "pk": pk}
    return render(request, "studies/pause.html", context)


@require_safe
@login_required
@never_cache
def between_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """The next session is not open yet, or open no more: when it is, or whom to ask."""
    enrolment = own_enrolment(request, pk)
    if (page := before_reading(enrolment)) is not None:
        return redirect(page)
    place = place_of(enrolment)
    if place.window is None or not must_wait(enrolment, place, timezone.now()):
        return redirect("studies:study", pk)
    protocol = consent_in_force(enrolment)
    context = {
        "window": place.window,
        "is_late": place.window.is_late(timezone.now()),
        "contact": protocol.consent.contact,
        "title": protocol.title,
        "place": place,
        "pk": pk,
    }
    return render(request, "studies/between_sessions.html", context)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def thanks(request: HttpRequest, pk: int) -> HttpResponse:
    """The end: thanks, what the study was about, and room for a remark."""
    enrolment = own_enrolment(request, pk)
    if enrolment.state != EnrolmentState.COMPLETED:
        return redirect("studies:study", pk)
    if not is_closed(enrolment) and (page := questionnaire_page(enrolment)) is not None:
        return redirect(page)
    asks = not is_closed(enrolment) and not _asks_debrief(enrolment)
    form = RemarkForm(request.POST or None, initial={"key": uuid.uuid4()}) if asks else None
    if request.method == "POST" and form is not None and form.is_valid():
        if text := form.cleaned_data["text"]:
            sent = Sent(form.cleaned_data["key"], {"remark": text}, get_language() or "")
            leave_remark(user=person(request), enrolment=pk, sent=sent)
            messages.success(request, _("Thank you. Your remark is saved."))
        return redirect("home")
    protocol = consent_in_force(enrolment)
    return render(
        request,
        "studies/thanks.html",
        {"title": protocol.title, "contact": protocol.consent.contact, "form": form, "pk": pk},
    )


def _asks_debrief(enrolment: Enrolment) -> bool:
    """Whether the reader's own words were asked for already."""
    return any(asked.name == "debrief" for asked in protocol_of(enrolment.version).questionnaires.end)
