"""Readers of whom nothing has come for so long that their slot may be given to somebody else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from studies.models import Enrolment, EnrolmentState, ProtocolVersion, RunKind
from studies.selectors import is_timed, place_of, protocol_of

READING = (EnrolmentState.ENROLLED, EnrolmentState.CONSENTED)


def stale_enrolments(version: ProtocolVersion, run_kind: RunKind | str) -> list[Enrolment]:
    """Those who hold a slot and have not answered for `readers.stale_days`, or whose next session has closed.

    The wait for a session that is not open yet does not count.
    """
    protocol, now = protocol_of(version), timezone.now()
    days, closes = protocol.readers.stale_days, protocol.sessions.max_gap_days
    if days is None and closes is None:
        return []
    quiet = timedelta(days=min(each for each in (days, closes) if each is not None))
    holders = with_last_sign(Enrolment.objects.filter(version=version, run_kind=run_kind, released_at=None))
    old = holders.filter(state__in=READING, last_sign__lt=now - quiet).order_by("slot")  # type: ignore[misc]  # annotated above
    return [each for each in old.select_related("version") if _is_stale(each, days, now)]


def with_last_sign(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Each with `last_sign`: when a trial was last shown or finished, or the enrolment itself."""
    served, done = (Coalesce(Max(f"trials__{name}"), "created_at") for name in ("served_at", "completed_at"))
    return enrolments.annotate(last_sign=Greatest(served, done, "created_at"))


def _is_stale(enrolment: Enrolment, days: int | None, now: datetime) -> bool:
    window = place_of(enrolment).window if is_timed(enrolment) else None
    if window is not None and window.is_late(now):
        return True
    if days is None:
        return False
    last: datetime = enrolment.last_sign  # type: ignore[attr-defined]  # annotated above
    since = max(last, window.opens_at) if window is not None else last
    return now - since > timedelta(days=days)
