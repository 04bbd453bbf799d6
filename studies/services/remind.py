"""Reminding readers by e-mail: each for one reason once, whatever runs twice or at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.audit.services import record
from studies.models import Enrolment, Reminder, ReminderKind, RunKind, StudyState
from studies.pacing import Window
from studies.protocol import Protocol
from studies.selectors import has_consented, place_of, protocol_of
from studies.services.stale import READING, with_last_sign


@dataclass(frozen=True)
class Sent:
    """How many e-mails went out, and which could not be sent, each with its reason."""

    sent: int
    failed: tuple[str, ...]


def send_reminders(*, now: datetime | None = None) -> Sent:
    """Remind every reader who is due; safe to run again, and beside itself."""
    now = now or timezone.now()
    sent, failed = 0, []
    for enrolment in _readers():
        kind = due(enrolment, now)
        if kind is None:
            continue
        try:
            sent += remind(enrolment=enrolment, kind=kind)
        except (SMTPException, OSError) as error:
            failed.append(f"{enrolment}: {error}")
    return Sent(sent, tuple(failed))


def due(enrolment: Enrolment, now: datetime) -> ReminderKind | None:
    """What this reader is to be reminded of now, sent or not."""
    protocol, window = protocol_of(enrolment.version), place_of(enrolment).window
    if window is not None:
        return _of_session(window, protocol, now)
    days = protocol.sessions.remind_days
    last: datetime = enrolment.last_sign  # type: ignore[attr-defined]  # annotated by the query
    return ReminderKind.IDLE if days is not None and now - last >= timedelta(days=days) else None


@transaction.atomic
def remind(*, enrolment: Enrolment, kind: ReminderKind) -> bool:
    """Send one reminder; False where it was sent before. The row comes first: where sending fails, it goes, too."""
    held = Enrolment.objects.select_for_update(of=("self",)).get(pk=enrolment.pk)
    since: datetime = enrolment.last_sign  # type: ignore[attr-defined]  # annotated by the query
    reminder, is_new = Reminder.objects.get_or_create(
        enrolment=held, kind=kind, since=since, defaults={"sent_at": timezone.now()}
    )
    if not is_new:
        return False
    _send(enrolment, kind)
    record(actor=None, action="reminder.sent", subject=reminder, kind=str(kind))
    return True


def _readers() -> list[Enrolment]:
    """People who are reading a live study and can be written to."""
    reading = Enrolment.objects.filter(
        version__study__state=StudyState.LIVE,
        run_kind__in=[RunKind.LIVE, RunKind.PILOT],
        state__in=READING,
        released_at=None,
        reader__user__is_active=True,
    ).exclude(reader__user__email="")
    return list(with_last_sign(reading).select_related("version__study", "reader__user").order_by("pk"))


def _of_session(window: Window, protocol: Protocol, now: datetime) -> ReminderKind | None:
    if window.is_early(now) or window.is_late(now):
        return None
    if window.closes_at is not None and window.closes_at - now <= timedelta(days=protocol.sessions.closing_days):
        return ReminderKind.CLOSING
    return ReminderKind.READY


def _send(enrolment: Enrolment, kind: ReminderKind) -> None:
    protocol, user = protocol_of(enrolment.version), enrolment.reader.user
    if user is None:
        return
    with translation.override(protocol.languages[0]):
        words = {
            "title": protocol.title,
            "kind": str(kind),
            "window": place_of(enrolment).window,
            "contact": protocol.consent.contact,
            "consented": has_consented(enrolment),
            "link": settings.SITE_URL.rstrip("/") + reverse("studies:study", args=[enrolment.pk]),
        }
        subject = _("Reminder: %(title)s") % {"title": protocol.title}
        body = render_to_string("studies/reminder_email.txt", words)
    send_mail(" ".join(subject.split()), body, None, [user.email])
