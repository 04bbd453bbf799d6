"""The worker's application: it knows how to ring the bell, the Job row knows the truth."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings.base")

from django.conf import settings  # the settings module must be named first


def transport_options(url: str, folder: Path) -> dict[str, object]:
    """Options of kombu's filesystem transport, whose folders must exist; none for real brokers."""
    if not url.startswith("filesystem"):
        return {"visibility_timeout": 3600} if url.startswith("redis") else {}
    queue, control = folder / "queue", folder / "control"
    for path in (queue, control):
        path.mkdir(parents=True, exist_ok=True)
    return {"data_folder_in": str(queue), "data_folder_out": str(queue), "control_folder": str(control)}


def transport(url: str) -> str | None:
    """Our own transport in place of kombu's for the embedded folder; None leaves the choice to the address."""
    return "portal.jobs.folder:Transport" if url.startswith("filesystem") else None


app = Celery("heatproof", broker=settings.BROKER_URL)
app.conf.update(
    broker_transport_options=transport_options(settings.BROKER_URL, settings.BROKER_FOLDER),
    broker_transport=transport(settings.BROKER_URL),
    broker_connection_retry_on_startup=True,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_always_eager=settings.JOBS_EAGER,
    task_eager_propagates=True,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=200,
    worker_hijack_root_logger=False,
    imports=["portal.jobs.worker"],
    timezone="UTC",
)
