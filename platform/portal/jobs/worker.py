"""What the worker process listens for, and how it picks up what was left behind."""

from __future__ import annotations

from typing import Any

import django
from celery import shared_task
from celery.signals import worker_ready
from celery.worker import state
from django.apps import apps
from django.conf import settings
from django.db import connections

if not apps.ready:
    django.setup()

from portal.jobs.services import enqueue_daily, ring_waiting, run_job  # models need the applications to be ready


@shared_task(name="portal.jobs.run")
def run(job_id: int) -> bool:
    """Do one job."""
    return run_job(job_id)


@worker_ready.connect
def look_around(sender: Any = None, **_signal: Any) -> None:
    """Ring for what waits since before this worker was here, and look again once every lease."""
    pick_up()
    sender.timer.call_repeatedly(settings.JOB_LEASE_SECONDS, pick_up)


def pick_up() -> None:
    """While this worker has nothing to do: ring for lost bells and for the jobs of workers that died.

    Idle workers alone do so, because what waits while all are busy has its bell in the broker already.
    """
    if not state.active_requests and not state.reserved_requests:
        enqueue_daily()
        ring_waiting()
    connections.close_all()  # this is the worker's main process, whose sockets its children must not inherit
