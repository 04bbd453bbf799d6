"""Unblinding: what is hidden from analysts, asking for it, and the second person's answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from portal.panel.admins import actor_of
from studies.blinding.analysts import open_request_of, unblinding_of
from studies.errors import StudyError
from studies.models import Study, StudyState
from studies.panel.forms import ReasonForm
from studies.panel.pages import address, posted, show_study, study_or_404
from studies.services.unblind import ask_unblinding, confirm_unblinding, decline_unblinding, rule_of

VERDICTS = {"confirm": confirm_unblinding, "decline": decline_unblinding}


def unblinding(request: HttpRequest, pk: int) -> HttpResponse:
    """How blinded the study's analysts are; POST asks for unblinding, with a reason."""
    study = study_or_404(pk)
    form = ReasonForm(posted(request))
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            asked = ask_unblinding(study=study, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except StudyError as error:
            refusal = str(error)
        else:
            told = "The methods are told from now on." if asked.confirmed_at else "Another person has to confirm it."
            messages.success(request, f"It is on record. {told}")
            return redirect(address("unblinding", pk))
    status = 409 if refusal else 400 if form.errors else 200
    return show_study(request, study, "unblinding.html", "Blinding", _context(request, study, form, refusal), status)


def settle(request: HttpRequest, pk: int, request_pk: int, verdict: str) -> HttpResponse:
    """The second person confirms or declines."""
    study = study_or_404(pk)
    asked = get_object_or_404(study.unblindings, pk=request_pk)
    if verdict not in VERDICTS:
        raise Http404
    try:
        VERDICTS[verdict](unblinding=asked, actor=actor_of(request))
    except StudyError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The methods are told from now on." if verdict == "confirm" else "It was declined.")
    return redirect(address("unblinding", pk))


def _context(request: HttpRequest, study: Study, form: ReasonForm, refusal: str) -> dict[str, object]:
    asked = open_request_of(study)
    return {
        "form": form,
        "refusal": refusal,
        "rule": rule_of(study),
        "act": unblinding_of(study),
        "asked": asked,
        "is_mine": asked is not None and asked.asked_by_id == actor_of(request).pk,
        "is_locked": study.state != StudyState.DRAFT,
        "past": study.unblindings.filter(declined_at__isnull=False).select_related("asked_by"),
    }
