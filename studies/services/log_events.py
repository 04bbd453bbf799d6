"""Storing what a browser tells of a trial; the same batch sent twice is stored once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from studies.errors import StudyError
from studies.events import Batch
from studies.models import EnrolmentState, EventBatch, Trial, TrialState
from studies.services.run import UnknownTrial

LATE = timedelta(minutes=1)
"""After the trial was answered: what a browser sends when it leaves comes within seconds."""
TOO_LATE = timedelta(hours=24)
MOST_BATCHES = 1000


class EventsRefused(StudyError):
    """These events are not taken any more, or too many were sent."""


@transaction.atomic
def log_events(*, user: User, token: str, batch: Batch) -> None:
    """Add a batch to a trial that the reader has been shown; raises UnknownTrial or EventsRefused."""
    trial = (
        Trial.objects.filter(token=token, enrolment__reader__user_id=user.pk)
        .exclude(state=TrialState.PENDING)
        .select_related("enrolment")
        .first()
    )
    if trial is None:
        raise UnknownTrial("There is no such page.")
    now = timezone.now()
    since = now - trial.completed_at if trial.completed_at else timedelta(0)
    if trial.enrolment.state == EnrolmentState.WITHDRAWN or since > TOO_LATE:
        raise EventsRefused("Events of this page are not taken any more.")
    if trial.event_batches.count() >= MOST_BATCHES:
        raise EventsRefused("This page has sent too many events.")
    EventBatch.objects.bulk_create([_record(trial, batch, now, since > LATE)], ignore_conflicts=True)


def _record(trial: Trial, batch: Batch, now: datetime, is_late: bool) -> EventBatch:
    return EventBatch(
        trial=trial,
        page=batch.page,
        seq=batch.seq,
        step=batch.step,
        events=list(batch.events),
        is_last=batch.is_last,
        is_late=is_late,
        overlay_shown=batch.overlay_shown,
        received_at=now,
    )
