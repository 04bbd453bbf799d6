"""What the overview shows: cases that wait, jobs that run or failed, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from portal.catalog.models import Approval, Case
from portal.catalog.selectors import waiting_cases
from portal.explanations.models import Explanation, Run, Score
from portal.jobs.models import Job, JobState
from portal.networks.models import Network
from portal.panel.job_lines import JobLine, job_line

#: Failed jobs older than this no longer stand on the overview.
RECENT = timedelta(days=7)
MOST = 6


@dataclass(frozen=True)
class Overview:
    """The portal's half of the overview; the studies' half comes by its own template."""

    waiting: list[Case]
    waiting_count: int
    active: list[JobLine]
    failed: list[JobLine]
    counts: list[tuple[str, int, str]]
    runs: list[Run]


def overview() -> Overview:
    """What waits, what runs, and what there is."""
    waiting = waiting_cases().prefetch_related("images")
    active = Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).order_by("-state", "id")
    failed = Job.objects.filter(state=JobState.FAILED, finished_at__gt=timezone.now() - RECENT)
    return Overview(
        waiting=list(waiting[:MOST]),
        waiting_count=waiting.count(),
        active=[job_line(job) for job in active[:MOST]],
        failed=[job_line(job) for job in failed[:MOST]],
        counts=_counts(),
        runs=list(Run.objects.select_related("network", "dataset")[:MOST]),
    )


def _counts() -> list[tuple[str, int, str]]:
    """`(what, how many, name of the address)`."""
    return [
        ("approved cases", Case.objects.filter(approval=Approval.APPROVED).count(), "admin:catalog_case_changelist"),
        ("models", Network.objects.count(), "admin:networks_network_changelist"),
        ("maps", Explanation.objects.count(), "admin:explanations_run_changelist"),
        ("scores", Score.objects.count(), "admin:explanations_run_changelist"),
    ]
