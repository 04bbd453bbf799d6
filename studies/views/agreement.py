"""Consent, and leaving."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studies.forms import WITHDRAWAL_WORDS, ConsentForm, LeaveForm
from studies.models import EnrolmentState
from studies.selectors import consent_hash, consent_in_force, has_consented
from studies.services.enrol import ConsentChanged, give_consent
from studies.services.enrol import withdraw as leave
from studies.views.gates import is_closed, own_enrolment


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, pk: int) -> HttpResponse:
    """The text, a box to tick and a button; nothing of a trial is served before."""
    enrolment = own_enrolment(request, pk)
    if enrolment.state == EnrolmentState.WITHDRAWN or is_closed(enrolment):
        return redirect("studies:study", pk)
    protocol = consent_in_force(enrolment)
    form = ConsentForm(request.POST or None, initial={"text": consent_hash(protocol)})
    if request.method == "POST" and form.is_valid():
        try:
            give_consent(enrolment=enrolment, text_hash=form.cleaned_data["text"])
        except ConsentChanged as error:
            messages.error(request, str(error))
            return redirect("studies:consent", pk)
        return redirect("studies:study", pk)
    return render(
        request,
        "studies/consent.html",
        {
            "title": protocol.title,
            "consent": protocol.consent,
            "text": protocol.consent.text.in_language(get_language() or "en"),
            "form": form,
            "pk": pk,
            "agreed": has_consented(enrolment),
            "agreed_at": enrolment.consented_at,
            "fingerprint": consent_hash(protocol)[:12],
            "leaving": [WITHDRAWAL_WORDS[choice] for choice in protocol.consent.withdrawal],
            "again": bool(enrolment.consent_hash) and not has_consented(enrolment),
        },
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave the study, after being asked once."""
    enrolment = own_enrolment(request, pk)
    consent = consent_in_force(enrolment).consent
    form = LeaveForm(request.POST if request.method == "POST" else None, choices=consent.withdrawal)
    if len(consent.withdrawal) == 1:
        form.initial = {"answers": consent.withdrawal[0]}
    if request.method == "POST" and enrolment.state != EnrolmentState.WITHDRAWN and form.is_valid():
        leave(enrolment=enrolment, answers=form.cleaned_data["answers"])
        messages.success(request, _("You have left the study. Nothing more is asked of you."))
        return redirect("home")
    return render(
        request,
        "studies/withdraw.html",
        {
            "title": enrolment.version.study.title,
            "contact": consent.contact,
            "left": enrolment.state == EnrolmentState.WITHDRAWN,
            "leaving": enrolment.leaving,
            "form": form,
            "pk": pk,
        },
    )


@login_required
@never_cache
@require_safe
def closed(request: HttpRequest, pk: int) -> HttpResponse:
    """The study is over."""
    enrolment = own_enrolment(request, pk)
    if not is_closed(enrolment):
        return redirect("studies:study", pk)
    return render(request, "studies/closed.html", {"title": enrolment.version.study.title})
