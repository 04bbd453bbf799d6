"""Readers come to a study: pseudonym, slot, trials, consent, withdrawal."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import StudyError
from studies.models import Enrolment, EnrolmentState, Leaving, ProtocolVersion, Reader, RunKind, Study, StudyState
from studies.selectors import consent_hash, consent_in_force
from studies.services.assign import assign_trials, next_slot
from studies.services.erase_answers import erase_answers

# Without characters that are taken for one another.
PSEUDONYM_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
OPEN_STATES = {
    RunKind.LIVE: {StudyState.LIVE},
    RunKind.PILOT: {StudyState.LOCKED, StudyState.LIVE},
    RunKind.BOT: {StudyState.LOCKED, StudyState.LIVE},
    RunKind.PREVIEW: {StudyState.LOCKED, StudyState.LIVE, StudyState.CLOSED},
}


class EnrolmentError(StudyError):
    """The person cannot take part, or not in this way."""


class NotOpen(EnrolmentError):
    """The study takes no readers of this kind now."""


class Withdrawn(EnrolmentError):
    """The reader has left the study."""


class NotOffered(EnrolmentError):
    """The consent of the study does not state this choice."""


class ConsentChanged(EnrolmentError):
    """The text that was agreed to is not the text that holds now."""


@transaction.atomic
def enrol_reader(*, study: Study, user: User, run_kind: str) -> Enrolment:
    """Give a person a pseudonym, a slot of the newest locked version, and all their trials.

    Somebody who is already enrolled in this way gets the enrolment that is there.
    """
    version = _locked_version(study)
    if study.state not in OPEN_STATES[RunKind(run_kind)]:
        raise NotOpen(_("This study is not open to readers now."))
    reader = _reader_of(study, user)
    known = reader.enrolments.filter(version=version, run_kind=run_kind).first()
    if known is not None:
        if known.state == EnrolmentState.WITHDRAWN:
            raise Withdrawn(_("You have left this study."))
        return known
    enrolment = Enrolment(version=version, reader=reader, run_kind=run_kind, slot=next_slot(version, run_kind))
    enrolment.full_clean()
    enrolment.save()
    assign_trials(enrolment=enrolment)
    record(actor=None, action="reader.enrolled", subject=enrolment, reader=reader.pseudonym, run_kind=str(run_kind))
    return enrolment


@transaction.atomic
def start_preview(*, study: Study, actor: User) -> Enrolment:
    """Let a researcher take the study as a reader would; what they answer is marked as a preview."""
    if not actor.is_researcher:
        raise EnrolmentError("Only researchers preview a study.")
    return enrol_reader(study=study, user=actor, run_kind=RunKind.PREVIEW)


@transaction.atomic
def give_consent(*, enrolment: Enrolment, text_hash: str) -> Enrolment:
    """Note that the reader agrees; `text_hash` is that of the text on the page they saw."""
    enrolment = Enrolment.objects.select_for_update(of=("self",)).select_related("version").get(pk=enrolment.pk)
    if enrolment.state == EnrolmentState.WITHDRAWN:
        raise Withdrawn(_("You have left this study."))
    protocol = consent_in_force(enrolment)
    if text_hash != consent_hash(protocol):
        raise ConsentChanged(_("The text has changed since you opened this page. Please read it again."))
    enrolment.consent_version = protocol.consent.version
    enrolment.consent_hash = text_hash
    enrolment.consented_at = timezone.now()
    if enrolment.state == EnrolmentState.ENROLLED:
        enrolment.state = EnrolmentState.CONSENTED
    enrolment.save(update_fields=["consent_version", "consent_hash", "consented_at", "state"])
    record(actor=None, action="consent.given", subject=enrolment, version=enrolment.consent_version, text=text_hash)
    return enrolment


@transaction.atomic
def withdraw(*, enrolment: Enrolment, answers: str = "keep") -> Enrolment:
    """Leave the study: nothing more is asked, and the slot is free for somebody else.

    `answers` is what becomes of those given so far, `keep` or `delete`, among the choices that the consent states.
    """
    enrolment = Enrolment.objects.select_for_update(of=("self",)).select_related("version").get(pk=enrolment.pk)
    if enrolment.state != EnrolmentState.WITHDRAWN:
        if answers not in consent_in_force(enrolment).consent.withdrawal:
            raise NotOffered(_("The consent of this study does not offer this."))
        enrolment.state = EnrolmentState.WITHDRAWN
        enrolment.leaving = Leaving.ERASED if answers == "delete" else Leaving.KEPT
        enrolment.withdrawn_at = timezone.now()
        enrolment.save(update_fields=["state", "leaving", "withdrawn_at"])
        record(actor=None, action="reader.withdrew", subject=enrolment, answers=answers)
        if answers == "delete":
            erase_answers(enrolment=enrolment)
    return enrolment


def _locked_version(study: Study) -> ProtocolVersion:
    """The newest locked version, held so that two readers never take the same slot."""
    held = study.versions.select_for_update(of=("self",)).filter(locked_at__isnull=False)
    version = held.order_by("-number").first()
    if version is None:
        raise NotOpen(_("This study is not open to readers now."))
    return version


def _reader_of(study: Study, user: User) -> Reader:
    known = Reader.objects.filter(study=study, user=user).first()
    return known or Reader.objects.create(study=study, user=user, pseudonym=_free_pseudonym(study))


def _free_pseudonym(study: Study) -> str:
    taken = set(Reader.objects.filter(study=study).values_list("pseudonym", flat=True))
    while True:
        pseudonym = "R-" + "".join(secrets.choice(PSEUDONYM_ALPHABET) for _place in range(4))
        if pseudonym not in taken:
            return pseudonym
