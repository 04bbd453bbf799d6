"""Erasing what a reader answered: the rows go, on record; their place in the design stays behind, empty."""

from __future__ import annotations

from django.db import transaction

from portal.accounts.models import User
from portal.audit.erasing import erase_rows
from portal.audit.services import record
from studies.models import Enrolment, EventBatch, Leaving, QuestionnaireResponse, Response, Session, Trial, TrialState


@transaction.atomic
def erase_answers(*, enrolment: Enrolment, actor: User | None = None) -> int:
    """Delete every answer of one enrolment, and when it was given; how many rows went. None of them can come back.

    The audit trail keeps that it happened and how many rows it took, and nothing of what they said. Reports and
    exports made before hold them still; the page that asks says so.
    """
    given = Response.objects.filter(trial__enrolment=enrolment)
    filled = QuestionnaireResponse.objects.filter(enrolment=enrolment)
    seen = EventBatch.objects.filter(trial__enrolment=enrolment)
    counts = {"responses": given.count(), "questionnaires": filled.count(), "events": seen.count()}
    entry = record(actor=actor, action="answers.erased", subject=enrolment, **counts)
    erased = erase_rows([given, filled, seen], entry=entry)
    Trial.objects.filter(enrolment=enrolment).update(
        state=TrialState.PENDING, step=0, served_at=None, completed_at=None
    )
    Session.objects.filter(enrolment=enrolment).delete()
    Enrolment.objects.filter(pk=enrolment.pk).update(leaving=Leaving.ERASED)
    enrolment.leaving = Leaving.ERASED
    return erased
