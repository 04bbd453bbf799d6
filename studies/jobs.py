"""Long work of studies, as the worker runs it."""

from __future__ import annotations

from typing import Any

from portal.accounts.models import User
from portal.jobs.registry import Progress
from studies.models import ProtocolVersion
from studies.services.plan_power import estimate_power
from studies.services.remind import send_reminders
from studies.services.report import build_report


def report(*, version_id: int, run_kinds: list[str], actor_id: int | None, progress: Progress, **_more: Any) -> None:
    """Make a report; a second run makes a second report and harms nothing."""
    version = ProtocolVersion.objects.select_related("study").get(pk=version_id)
    actor = User.objects.filter(pk=actor_id).first() if actor_id else None
    build_report(version=version, run_kinds=run_kinds, actor=actor, progress=progress)


def remind(*, progress: Progress, **_more: Any) -> None:
    """Send the reminders that are due; a second run sends none of them again."""
    found = send_reminders()
    progress(1, 1, f"{found.sent} sent" + (f", {len(found.failed)} could not be sent" if found.failed else ""))


def power(*, version_id: int, actor_id: int | None, progress: Progress, **_more: Any) -> None:
    """Simulate the power of a version's design; a second run keeps a second estimate and harms nothing."""
    version = ProtocolVersion.objects.select_related("study").get(pk=version_id)
    actor = User.objects.filter(pk=actor_id).first() if actor_id else None
    estimate_power(version=version, progress=progress, actor=actor)
