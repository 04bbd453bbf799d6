"""Invitations: made by a researcher, accepted once by one person."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import StudyError
from studies.models import Enrolment, Invitation, RunKind, Study, StudyState
from studies.services.enrol import enrol_reader

MOST_DAYS = 365


class InvitationError(StudyError):
    """The invitation cannot be made or accepted."""


class UnknownInvitation(InvitationError):
    """No invitation belongs to this link."""


class SpentInvitation(InvitationError):
    """The invitation was used, has expired or was taken back."""


class NotInvited(InvitationError):
    """The actor may not invite readers."""


@transaction.atomic
def create_invitation(
    *,
    study: Study,
    email: str = "",
    note: str = "",
    language: str = "",
    run_kind: str = RunKind.LIVE,
    days: int = 14,
    actor: User | None,
) -> tuple[Invitation, str]:
    """A new invitation and its token, which is shown this once: the database keeps its hash alone.

    `actor` None stands for a command on the server. `days` says how long the link works.
    """
    _refuse_unless_researcher(actor)
    if study.state == StudyState.CLOSED:
        raise InvitationError("A closed study takes no more readers.")
    expires_at = _expiry(days)
    token = secrets.token_urlsafe(24)
    invitation = Invitation(
        study=study,
        token_hash=hash_of(token),
        email=email.strip().lower(),
        note=note,
        language=language,
        run_kind=run_kind,
        created_by=actor,
        expires_at=expires_at,
    )
    try:
        invitation.full_clean()
    except ValidationError as error:
        raise InvitationError(" ".join(error.messages)) from None
    invitation.save()
    record(actor=actor, action="invitation.created", subject=invitation, study=study.slug, run_kind=str(run_kind))
    return invitation, token


def find_invitation(token: str) -> Invitation:
    """The invitation behind a link, whatever became of it; UnknownInvitation where there is none."""
    invitation = Invitation.objects.select_related("study").filter(token_hash=hash_of(token)).first()
    if invitation is None:
        raise UnknownInvitation(_("This invitation link is not known. Check that you copied it whole."))
    return invitation


def check_open(invitation: Invitation) -> None:
    """SpentInvitation, with the reason, unless the invitation can still be accepted."""
    if invitation.revoked_at is not None:
        raise SpentInvitation(_("This invitation has been taken back. Ask the person who sent it for a new one."))
    if invitation.used_at is not None:
        raise SpentInvitation(_("This invitation has already been used. Sign in to go on."))
    if invitation.expires_at <= timezone.now():
        raise SpentInvitation(_("This invitation has expired. Ask the person who sent it for a new one."))
    if invitation.study.state == StudyState.CLOSED:
        raise SpentInvitation(_("This study is closed and takes no more readers."))


@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Enrolment:
    """Enrol this person; an invitation that two requests accept at once is used by one of them."""
    held = Invitation.objects.select_for_update(of=("self",)).filter(pk=find_invitation(token).pk)
    invitation = held.select_related("study").get()
    check_open(invitation)
    enrolment = enrol_reader(study=invitation.study, user=user, run_kind=invitation.run_kind)
    invitation.used_at = timezone.now()
    invitation.used_by = user
    invitation.save(update_fields=["used_at", "used_by"])
    # The chain names no person here: it would tie an address to a pseudonym for ever.
    record(actor=None, action="invitation.accepted", subject=invitation, study=invitation.study.slug)
    return enrolment


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, actor: User) -> None:
    """Take an invitation back; one that was used stays used."""
    _refuse_unless_researcher(actor)
    if invitation.used_at is not None:
        raise InvitationError("This invitation has already been used.")
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    record(actor=actor, action="invitation.revoked", subject=invitation)


@transaction.atomic
def renew_invitation(*, invitation: Invitation, days: int = 14, actor: User) -> str:
    """A fresh token for an invitation that nobody has used; the link before it stops working.

    Only hashes of tokens are kept, so a link that was lost cannot be shown again, and this takes its place.
    """
    _refuse_unless_researcher(actor)
    held = Invitation.objects.select_for_update(of=("self",)).select_related("study").get(pk=invitation.pk)
    if held.used_at is not None:
        raise InvitationError("This invitation has already been used.")
    if held.revoked_at is not None:
        raise InvitationError("This invitation was taken back; make a new one.")
    if held.study.state == StudyState.CLOSED:
        raise InvitationError("A closed study takes no more readers.")
    token = secrets.token_urlsafe(24)
    invitation.token_hash, invitation.expires_at = hash_of(token), _expiry(days)
    invitation.save(update_fields=["token_hash", "expires_at"])
    record(actor=actor, action="invitation.renewed", subject=invitation)
    return token


def hash_of(token: str) -> str:
    """What the database knows of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _expiry(days: int) -> datetime:
    if not 1 <= days <= MOST_DAYS:
        raise InvitationError(f"An invitation works for 1 to {MOST_DAYS} days, not {days}.")
    return timezone.now() + timedelta(days=days)


def _refuse_unless_researcher(actor: User | None) -> None:
    if actor is not None and not actor.is_researcher:
        raise NotInvited("Only researchers invite readers.")
