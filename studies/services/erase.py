"""Erasing a person: the account goes, the pseudonym stays behind as nobody's."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import StudyError
from studies.models import Enrolment, EnrolmentState, Invitation, Leaving, Reader
from studies.services.erase_answers import erase_answers


class CannotErase(StudyError):
    """The person cannot be erased."""


@dataclass(frozen=True)
class Erased:
    """What was cut: pseudonyms that belong to nobody now, and invitations without an address."""

    pseudonyms: tuple[str, ...]
    invitations: int
    answers: int = 0


@transaction.atomic
def erase_person(*, email: str, actor: User | None = None, answers: bool = False) -> Erased:
    """Delete an account and every trace of its address; unfinished enrolments count as withdrawn.

    Answers stay under the pseudonym, as the consent said, unless `answers` says that they are to go as well.
    Researchers are not erased: they stand in the audit trail.
    """
    user = User.objects.select_for_update().filter(email=email.strip().lower()).first()
    if user is None:
        raise CannotErase(f"Nobody here has the address {email}.")
    if user.is_researcher:
        raise CannotErase("Researchers stand in the audit trail; deactivate the account instead.")
    readers = list(Reader.objects.filter(user=user))
    enrolments = Enrolment.objects.filter(reader__in=readers)
    erased = sum(erase_answers(enrolment=each, actor=actor) for each in enrolments) if answers else 0
    leaving = enrolments if answers else enrolments.exclude(state=EnrolmentState.COMPLETED)
    leaving.update(state=EnrolmentState.WITHDRAWN)
    enrolments.filter(state=EnrolmentState.WITHDRAWN, leaving="").update(leaving=Leaving.KEPT)
    Reader.objects.filter(user=user).update(user=None, profile={})
    invitations = Invitation.objects.filter(email=user.email).update(email="", note="")
    user_id = user.pk
    user.delete()
    record(actor=actor, action="person.erased", subject=f"user:{user_id}", readers=len(readers))
    return Erased(tuple(reader.pseudonym for reader in readers), invitations, erased)
