"""A job as a person reads it: what it is, how far it is, how long it will take, and what went wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from portal.jobs.models import Job, JobState

TITLES = {"explain": "Maps", "score": "Metrics", "report": "Report", "power": "Power", "remind": "Reminders"}
RATE = re.compile(r"(\d+(?:\.\d+)?) images/s")


@dataclass(frozen=True)
class JobLine:
    """`trouble` is the error's first sentence, `traceback` the rest; `seconds_left` None where it cannot be told."""

    job: Job
    title: str
    percent: int
    rate: float | None
    seconds_left: float | None
    trouble: str
    traceback: str

    @property
    def is_active(self) -> bool:
        """It waits or works."""
        return self.job.state in {JobState.QUEUED, JobState.RUNNING}

    @property
    def time_left(self) -> str:
        """In words; empty where it cannot be told."""
        return "" if self.seconds_left is None else spoken(self.seconds_left)


def job_line(job: Job, now: datetime | None = None) -> JobLine:
    """The line of a job, at this moment."""
    trouble, _, traceback = job.error.partition("\n\n")
    rate = RATE.search(job.message) if job.state == JobState.RUNNING else None
    return JobLine(
        job=job,
        title=TITLES.get(job.kind, job.kind.capitalize()),
        percent=100 if job.state == JobState.DONE else int(100 * job.fraction),
        rate=float(rate[1]) if rate else None,
        seconds_left=_seconds_left(job, now or timezone.now()),
        trouble=trouble,
        traceback=traceback,
    )


def spoken(seconds: float) -> str:
    """A duration as people say it: `40 s`, `5 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _seconds_left(job: Job, now: datetime) -> float | None:
    """From the pace since this attempt began; maps that existed already make the first seconds look fast."""
    if job.state != JobState.RUNNING or not job.started_at or not job.done or not job.total:
        return None
    return (now - job.started_at).total_seconds() / job.done * (job.total - job.done)
