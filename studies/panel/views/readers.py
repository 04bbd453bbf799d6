"""Readers: how far they are, and taking one out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from portal.panel.admins import actor_of
from studies.errors import StudyError
from studies.models import Enrolment
from studies.panel.forms import ReasonForm
from studies.panel.pages import address, posted, show_study, study_or_404
from studies.panel.progress import live_progress
from studies.services.oversee import withdraw_reader


def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Every reader, block by block; the table alone where the page refreshes itself."""
    study = study_or_404(pk)
    context = {"progress": live_progress(study), "now": timezone.now(), "study": study}
    if "table" in request.GET:
        return TemplateResponse(request, "studies/panel/progress_table.html", context)
    return show_study(request, study, "progress.html", "Readers", context)


def take_out(request: HttpRequest, pk: int, enrolment: int) -> HttpResponse:
    """Take a reader out of the study, with a reason."""
    study = study_or_404(pk)
    everybody = Enrolment.objects.select_related("reader", "version__study")
    found = get_object_or_404(everybody, pk=enrolment, version__study=study)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_reader(enrolment=found, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except StudyError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{found.reader} is taken out of the study.")
        return redirect(address("progress", pk))
    context = {"form": form, "enrolment": found, "answered": found.trials.filter(state="done").count()}
    return show_study(request, study, "take_out.html", "Take a reader out", context, 400 if form.errors else 200)
