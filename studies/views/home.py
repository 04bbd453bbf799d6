"""A reader's first page, and the way on from it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from studies.due import waiting_for_questionnaires
from studies.selectors import place_of, reading_studies
from studies.views.gates import before_reading, before_trial, is_closed, own_enrolment, person


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """My studies, how far I am, and a button to go on."""
    studies = reading_studies(person(request))
    waiting = waiting_for_questionnaires(studies)
    open_ones = {
        each.enrolment.pk
        for each in studies
        if (each.place.current or each.enrolment.pk in waiting) and not is_closed(each.enrolment)
    }
    return render(
        request,
        "studies/home.html",
        {
            "open_studies": [each for each in studies if each.enrolment.pk in open_ones],
            "past_studies": [each for each in studies if each.enrolment.pk not in open_ones],
        },
    )


@require_safe
@login_required
@never_cache
def study(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on: to consent, instructions, a break, the next trial or the end, whichever comes first."""
    enrolment = own_enrolment(request, pk)
    if (page := before_reading(enrolment)) is not None:
        return redirect(page)
    if request.session.get("enrolment") != enrolment.pk:
        request.session["enrolment"] = enrolment.pk
    place = place_of(enrolment)
    if (page := before_trial(request, enrolment, place)) is not None or place.current is None:
        return redirect(page or "home")
    return redirect("studies:trial", place.current.token)


@require_safe
@login_required
@never_cache
def resume(request: HttpRequest) -> HttpResponse:
    """Go on with the study that this browser was at; home where there is none."""
    known = request.session.get("enrolment")
    return redirect("studies:study", known) if known else redirect("home")
