"""Queuing jobs, taking them under a lease, and picking up what a dead worker left."""

from __future__ import annotations

import logging
import os
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from portal.accounts.models import User
from portal.jobs.models import Job, JobState
from portal.jobs.registry import DAILY, KINDS, UnknownKind, work_of

logger = logging.getLogger(__name__)
HEARTBEAT_SHARE = 3
MAX_ATTEMPTS = 5


class LeaseLost(RuntimeError):
    """Another worker has taken this job over, or it was cancelled."""


@transaction.atomic
def enqueue(*, kind: str, payload: dict[str, Any], work_key: str, requested_by: User | None = None) -> Job:
    """Queue work once: the same `work_key` gives the job that is there; one that failed or ended starts afresh."""
    if kind not in KINDS:
        raise UnknownKind(f"There is no job called {kind!r}.")
    job, created = Job.objects.select_for_update().get_or_create(
        work_key=work_key, defaults={"kind": kind, "payload": payload, "requested_by": requested_by}
    )
    if not created and job.state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}:
        Job.objects.filter(pk=job.pk).update(
            state=JobState.QUEUED, payload=payload, attempts=0, done=0, message="", error="", finished_at=None
        )
        job.refresh_from_db()
    if job.state == JobState.QUEUED:
        transaction.on_commit(lambda: ring(job.pk))
    return job


def enqueue_daily() -> int:
    """Queue what is done once a day, once a day; how many were queued now."""
    today = timezone.localdate().isoformat()
    known = set(
        Job.objects.filter(work_key__in=[f"{kind}:{today}" for kind in DAILY]).values_list("work_key", flat=True)
    )
    missing = [kind for kind in DAILY if f"{kind}:{today}" not in known]
    for kind in missing:
        enqueue(kind=kind, payload={}, work_key=f"{kind}:{today}")
    return len(missing)


@transaction.atomic
def cancel(*, job: Job) -> None:
    """Take a job off the queue, or make its worker stop at its next step."""
    Job.objects.filter(pk=job.pk, state__in=[JobState.QUEUED, JobState.RUNNING]).update(
        state=JobState.CANCELLED, finished_at=timezone.now(), lease_until=None
    )


def ring(job_id: int) -> bool:
    """Tell the workers that a job waits; False where the broker cannot be reached, for `ring_waiting` makes it good."""
    if settings.JOBS_EAGER:
        run_job(job_id)
        return True
    try:
        import_string(settings.JOBS_APP).send_task("portal.jobs.run", [job_id])
    except OperationalError as error:
        logger.warning("Job %s is queued, but its bell could not be rung: %s", job_id, error)
        return False
    return True


def ring_waiting() -> int:
    """Queue again what a dead worker holds under an expired lease, and ring for all that waits; how many."""
    Job.objects.filter(state=JobState.RUNNING, lease_until__lt=timezone.now()).update(state=JobState.QUEUED)
    waiting = list(Job.objects.filter(state=JobState.QUEUED).order_by("pk").values_list("pk", flat=True))
    return sum(ring(job_id) for job_id in waiting)


def run_job(job_id: int) -> bool:
    """Take a job and do its work; False where another worker holds it or it is already done."""
    job = _take(job_id)
    if job is None:
        return False
    try:
        with _heartbeat(job):
            work_of(job.kind)(**job.payload, progress=_progress(job))
    except LeaseLost:
        return False
    except Exception as error:  # the border of the job: the row keeps what went wrong
        _finish(job, JobState.FAILED, error=f"{error}\n\n{traceback.format_exc()}")
        if settings.JOBS_EAGER:
            raise
        return False
    return _finish(job, JobState.DONE)


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _lease() -> dict[str, Any]:
    now = timezone.now()
    return {"heartbeat_at": now, "lease_until": now + timedelta(seconds=settings.JOB_LEASE_SECONDS)}


def _take(job_id: int) -> Job | None:
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=timezone.now())
    taken = Job.objects.filter(free, pk=job_id, attempts__lt=MAX_ATTEMPTS).update(
        state=JobState.RUNNING,
        attempts=F("attempts") + 1,
        worker=_worker_name(),
        started_at=timezone.now(),
        error="",
        **_lease(),
    )
    if not taken:
        Job.objects.filter(free, pk=job_id, attempts__gte=MAX_ATTEMPTS).update(
            state=JobState.FAILED, error=f"Given up after {MAX_ATTEMPTS} attempts.", finished_at=timezone.now()
        )
        return None
    return Job.objects.get(pk=job_id)


def _mine(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker, attempts=job.attempts)


def _progress(job: Job) -> Any:
    def progress(done: int, total: int, message: str = "") -> None:
        if not _mine(job).update(done=done, total=total, message=message[:200], **_lease()):
            raise LeaseLost(f"Job {job.pk} is no longer ours.")

    return progress


def _finish(job: Job, state: JobState, error: str = "") -> bool:
    changes: dict[str, Any] = {"state": state, "error": error, "finished_at": timezone.now(), "lease_until": None}
    if state == JobState.DONE:
        changes["done"] = F("total")
    return bool(_mine(job).update(**changes))


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Renew the lease from a thread, so that one long step does not look like a dead worker."""
    if settings.JOBS_EAGER:
        yield
        return
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(settings.JOB_LEASE_SECONDS / HEARTBEAT_SHARE):
            _mine(job).update(**_lease())
        connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
