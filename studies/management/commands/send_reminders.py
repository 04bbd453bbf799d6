"""Remind readers by e-mail of sessions that are open, and of studies that they have left off; run it once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studies.services.remind import send_reminders


class Command(BaseCommand):
    help = "Send each reader the reminders that are due; nobody gets the same one twice."

    def handle(self, *args: Any, **options: Any) -> None:
        found = send_reminders()
        self.stdout.write(f"{found.sent} reminder{'' if found.sent == 1 else 's'} sent.")
        if found.failed:
            raise CommandError("Not sent: " + "; ".join(found.failed), returncode=1)
