"""What a researcher does about a reader: taking them out of a study, with a reason, on record."""

from __future__ import annotations

from django.db import transaction

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import NotAllowed, StudyError, WrongState
from studies.models import Enrolment, EnrolmentState
from studies.services.enrol import withdraw

LONGEST_REASON = 300


@transaction.atomic
def withdraw_reader(*, enrolment: Enrolment, reason: str, actor: User) -> Enrolment:
    """Take a reader out; what they answered stays, and their slot is free for somebody else."""
    if not actor.is_researcher:
        raise NotAllowed
    if not reason.strip():
        raise StudyError("Taking a reader out needs a reason.")
    held = Enrolment.objects.select_for_update(of=("self",)).get(pk=enrolment.pk)
    if held.state == EnrolmentState.WITHDRAWN:
        raise WrongState("This reader has left the study already.")
    held = withdraw(enrolment=held)
    record(actor=actor, action="reader.taken-out", subject=held, reason=reason.strip()[:LONGEST_REASON])
    return held
