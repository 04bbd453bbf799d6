"""Readers: how far they are, their invitations, and taking one out."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.panel.admins import actor_of
from studies.errors import StudyError
from studies.models import Enrolment, Invitation, Study
from studies.panel.forms import InviteForm, ReasonForm
from studies.panel.pages import address, posted, show_study, study_or_404
from studies.panel.progress import live_progress
from studies.services.invite import create_invitation, revoke_invitation
from studies.services.oversee import withdraw_reader
from studies.services.send import NotSent, send_invitation


@dataclass(frozen=True)
class Made:
    """An invitation with its link, which is shown this once; `trouble` says why it was not sent."""

    invitation: Invitation
    link: str
    sent: bool = False
    trouble: str = ""


def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Every reader, block by block; the table alone where the page refreshes itself."""
    study = study_or_404(pk)
    context = {"progress": live_progress(study), "now": timezone.now(), "study": study}
    if "table" in request.GET:
        return TemplateResponse(request, "studies/panel/progress_table.html", context)
    return show_study(request, study, "progress.html", "Readers", context)


def invitations(request: HttpRequest, pk: int) -> HttpResponse:
    """Make invitations; their links stand on the page that comes back, and nowhere else."""
    study = study_or_404(pk)
    form = InviteForm(posted(request))
    made: list[Made] = []
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = _sent(request, form, _made(request, study, form))
        except StudyError as error:
            refusal = str(error)
        else:
            form = InviteForm()
    listed = study.invitations.select_related("created_by").order_by("-id")
    context = {
        "form": form,
        "made": made,
        "refusal": refusal,
        "invitations": [(each, _state_of(each)) for each in listed],
    }
    status = 409 if refusal else 400 if form.errors else 200
    return show_study(request, study, "invitations.html", "Invitations", context, status)


def revoke(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    """Take an invitation back."""
    study = study_or_404(pk)
    found = get_object_or_404(study.invitations, pk=invitation)
    try:
        revoke_invitation(invitation=found, actor=actor_of(request))
    except StudyError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The invitation is taken back; its link no longer works.")
    return redirect(address("invitations", pk))


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


@transaction.atomic
def _made(request: HttpRequest, study: Study, form: InviteForm) -> list[Made]:
    """All or none."""
    given = form.cleaned_data
    actor: User = actor_of(request)
    found = []
    for email in given["emails"] or [""] * given["count"]:
        invitation, token = create_invitation(
            study=study,
            email=email,
            note=given["note"],
            run_kind=given["run_kind"],
            days=given["days"],
            actor=actor,
        )
        # The address that the researcher came by is one that works.
        link = request.build_absolute_uri(reverse("studies:invitation", args=[token]))
        found.append(Made(invitation, link))
    return found


def _sent(request: HttpRequest, form: InviteForm, made: list[Made]) -> list[Made]:
    """Send what was asked to be sent; an e-mail that fails costs no invitation."""
    if not form.cleaned_data["send"]:
        return made
    found = []
    for each in made:
        try:
            send_invitation(invitation=each.invitation, link=each.link, actor=actor_of(request))
        except NotSent as error:
            found.append(Made(each.invitation, each.link, trouble=str(error)))
        else:
            found.append(Made(each.invitation, each.link, sent=True))
    return found


def _state_of(invitation: Invitation) -> str:
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.used_at is not None:
        return "used"
    return "expired" if invitation.expires_at <= timezone.now() else "unused"
