"""What the worker process listens for, and what it picks up when it starts."""

from __future__ import annotations

from typing import Any

import django
from celery import shared_task
from celery.signals import worker_ready
from django.apps import apps

if not apps.ready:
    django.setup()

from portal.jobs.services import ring_waiting, run_job  # models need the applications to be ready


@shared_task(name="portal.jobs.run")
def run(job_id: int) -> bool:
    """Do one job."""
    return run_job(job_id)


@worker_ready.connect
def pick_up(**_signal: Any) -> None:
    """Ring for what waits since before this worker was here."""
    ring_waiting()
