"""Writing and verifying the audit trail."""

from __future__ import annotations

from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from foundation.provenance import digest_of
from portal.accounts.models import User
from portal.audit.models import Entry

START = "0" * 64
LOCK_NUMBER = 7_264_111


@transaction.atomic
def record(*, actor: User | None, action: str, subject: models.Model | str, **detail: Any) -> Entry:
    """Add an entry to the end of the chain; `actor` None stands for the system, `detail` must be plain data."""
    _only_one_at_a_time()
    last = Entry.objects.order_by("-id").first()
    entry = Entry(
        at=timezone.now(),
        actor=actor,
        actor_label=_label(actor),
        action=action,
        subject=subject if isinstance(subject, str) else f"{subject._meta.model_name}:{subject.pk}",
        detail=detail,
        previous_hash=last.hash if last else START,
    )
    entry.hash = seal(entry)
    entry.full_clean(exclude=["actor"])
    entry.save(force_insert=True)
    return entry


def seal(entry: Entry) -> str:
    """The hash of an entry's content and of the hash before it."""
    return digest_of(
        [
            entry.previous_hash,
            entry.at.isoformat(),
            entry.actor_id,
            entry.actor_label,
            entry.action,
            entry.subject,
            entry.detail,
        ]
    )


def first_broken_entry() -> Entry | None:
    """The first entry whose hash does not follow from the one before; None when the chain is whole."""
    previous = START
    for entry in Entry.objects.order_by("id").iterator():
        if entry.previous_hash != previous or entry.hash != seal(entry):
            return entry
        previous = entry.hash
    return None


def _label(actor: User | None) -> str:
    """Staff by address; readers by number, so that an erased person leaves no name in what never forgets."""
    if actor is None:
        return "system"
    return actor.email if actor.is_researcher else f"user:{actor.pk}"


def _only_one_at_a_time() -> None:
    # SQLite transactions are IMMEDIATE, so they already hold the write lock.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_NUMBER])
