"""A run whose worker is killed in the middle; says as JSON what became of it. Run as a program by test_crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

METHODS = ["occlusion", "score-cam", "random-map", "edge-map", "centre-map", "grad-cam"]
PATIENCE = 150


def main() -> dict[str, Any]:
    """Seed a dataset and a network, start a run, kill its worker, start another."""
    django.setup()
    call_command("migrate", verbosity=0)
    run = seeded()
    from portal.explanations.models import Explanation, Score
    from portal.jobs.models import Job
    from portal.jobs.registry import DAILY

    total = 8 * len(METHODS)
    first = worker()
    try:
        wait(lambda: Explanation.objects.count() >= 4)
    finally:
        kill(first)
    at_death = Explanation.objects.count()
    before = set(Explanation.objects.values_list("pk", flat=True))
    held = Job.objects.get(work_key=f"explain:{run}")
    second = worker()
    try:
        wait(lambda: Job.objects.filter(kind="score", state="done").exists())
    finally:
        kill(second)
    after = set(Explanation.objects.values_list("pk", flat=True))
    return {
        "total": total,
        "at_death": at_death,
        "state_at_death": held.state,
        "maps": len(after),
        "kept": before <= after,
        "distinct": Explanation.objects.values("image", "label").distinct().count(),
        "scores": Score.objects.count(),
        "jobs": sorted(Job.objects.exclude(kind__in=DAILY).values_list("kind", "state")),
        "attempts": Job.objects.get(pk=held.pk).attempts,
    }


def seeded() -> int:
    """A run that waits for a worker."""
    from evaluation.metrics import registry as metrics
    from explainers.methods import registry as methods
    from portal.catalog.demo import store_reading_set
    from portal.explanations.services import start_run
    from portal.networks.work import register_folder
    from portal.parts.services import sync_registry
    from tests.portal.small_networks import make_folder

    sync_registry(methods)
    sync_registry(metrics)
    dataset = store_reading_set(cases=8, size=64, slug="crash")
    with tempfile.TemporaryDirectory() as folder:
        network = register_folder(make_folder(Path(folder), "crash"))
    return start_run(network=network, dataset=dataset, methods=METHODS, metrics=["sparseness"]).pk


def worker() -> subprocess.Popen[bytes]:
    """A real worker in a process group of its own."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "portal.config",
        "worker",
        "--concurrency",
        "1",
        "--loglevel",
        "INFO",
    ]
    log = (Path(os.environ["VAR_DIR"]) / "worker.log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The worker and its children, without a chance to say goodbye."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("The worker did not get that far.")
        time.sleep(0.02)


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
