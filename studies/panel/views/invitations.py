"""Invitations: making them, their links, sending one again, taking one back."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from django.contrib import messages
from django.core.mail import get_connection
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from portal.panel.admins import actor_of
from studies.errors import StudyError
from studies.models import Invitation, Study
from studies.panel.forms import InviteForm
from studies.panel.link_file import links_as_csv
from studies.panel.pages import address, posted, show_study, study_or_404
from studies.services.invite import create_invitation, renew_invitation, revoke_invitation
from studies.services.send import NotSent, send_invitation


@dataclass(frozen=True)
class Made:
    """An invitation with its link, which is shown this once; `trouble` says why it was not sent."""

    invitation: Invitation
    link: str
    sent: bool = False
    trouble: str = ""


def invitations(request: HttpRequest, pk: int) -> HttpResponse:
    """Make invitations; their links stand on the page that comes back, and nowhere else."""
    study = study_or_404(pk)
    languages = _languages(study)
    form = InviteForm(languages, posted(request), request.FILES or None)
    made: list[Made] = []
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = _made(request, study, form)
        except StudyError as error:
            refusal = str(error)
        else:
            made = _sent(request, made) if form.cleaned_data["send"] else made
            form = InviteForm(languages)
    return _page(request, study, form, made, refusal)


def renew(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    """A fresh link for an invitation that nobody has used; sent to its address where it has one."""
    study = study_or_404(pk)
    found = get_object_or_404(study.invitations, pk=invitation)
    made: list[Made] = []
    refusal = ""
    try:
        token = renew_invitation(invitation=found, actor=actor_of(request))
    except StudyError as error:
        refusal = str(error)
    else:
        found.study = study
        made = [Made(found, _link(request, token))]
        made = _sent(request, made) if found.email and "send" in request.POST else made
    return _page(request, study, InviteForm(_languages(study)), made, refusal)


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


def _page(request: HttpRequest, study: Study, form: InviteForm, made: list[Made], refusal: str) -> HttpResponse:
    listed = study.invitations.select_related("created_by").order_by("-id")
    context = {
        "form": form,
        "made": made,
        "file": _file(made) if len(made) > 1 else "",
        "refusal": refusal,
        "invitations": [(each, _state_of(each)) for each in listed],
    }
    status = 409 if refusal else 400 if form.errors else 200
    return show_study(request, study, "invitations.html", "Invitations", context, status)


@transaction.atomic
def _made(request: HttpRequest, study: Study, form: InviteForm) -> list[Made]:
    """All or none."""
    given = form.cleaned_data
    found = []
    for invitee in form.invitees:
        invitation, token = create_invitation(
            study=study,
            email=invitee.email,
            note=invitee.note,
            language=invitee.language,
            run_kind=given["run_kind"],
            days=given["days"],
            actor=actor_of(request),
        )
        found.append(Made(invitation, _link(request, token)))
    return found


def _link(request: HttpRequest, token: str) -> str:
    """The address that the researcher came by is one that works."""
    return request.build_absolute_uri(reverse("studies:invitation", args=[token]))


def _sent(request: HttpRequest, made: list[Made]) -> list[Made]:
    """Send each over one connection; an e-mail that fails costs no invitation."""
    found = []
    connection = get_connection()
    for each in made:
        try:
            send_invitation(invitation=each.invitation, link=each.link, actor=actor_of(request), connection=connection)
        except NotSent as error:
            found.append(Made(each.invitation, each.link, trouble=str(error)))
        else:
            found.append(Made(each.invitation, each.link, sent=True))
    return found


def _file(made: list[Made]) -> str:
    """The links as the address of a file that the browser keeps: the server cannot show them a second time."""
    rows = ((each.invitation, each.link) for each in made)
    text = links_as_csv(
        (invitation.email, invitation.note, invitation.language, link, invitation.expires_at)
        for invitation, link in rows
    )
    # A spreadsheet knows UTF-8 by its mark.
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(text.encode('utf-8-sig')).decode()}"


def _languages(study: Study) -> list[str]:
    """Those that the newest version of the protocol offers."""
    document = study.versions.order_by("-number").values_list("document", flat=True).first() or {}
    return list(document.get("languages", ["en"]))


def _state_of(invitation: Invitation) -> str:
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.used_at is not None:
        return "used"
    return "expired" if invitation.expires_at <= timezone.now() else "unused"
