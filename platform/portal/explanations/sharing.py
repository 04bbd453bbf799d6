"""A run's work shared by several processes on one machine, each with its own images."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from django.conf import settings

from portal.catalog.selectors import approved_images
from portal.explanations.errors import ExplanationError
from portal.explanations.models import Run
from portal.explanations.selectors import run_maps, run_scores, scores_wanted
from portal.jobs.registry import Progress

POLL_SECONDS = 0.5


def share_runs(runs: Sequence[Run], *, processes: int | None = None, progress: Progress | None = None) -> None:
    """Make and score all maps of `runs` in as many processes as there are cores, four at most; resumes like a run.

    Small networks gain little from a second thread, but all from a second process. `progress` counts maps and scores.
    Interrupted, it stops the processes; what they have stored stays.
    """
    count = max(1, processes or min(os.cpu_count() or 1, 4))
    total = sum(expected(run) for run in runs)
    with tempfile.TemporaryFile() as complaints:
        workers = [_start(runs, part, count, complaints) for part in range(count)]
        try:
            while any(worker.poll() is None for worker in workers):
                _tell(progress, runs, total)
                _raise_if_failed(workers, complaints)
                time.sleep(POLL_SECONDS)
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()
        _raise_if_failed(workers, complaints)
    _tell(progress, runs, total)


def expected(run: Run) -> int:
    """How many maps and scores a run is to have."""
    return approved_images(run.dataset).count() * len(run.methods) + scores_wanted(run)


def present(run: Run) -> int:
    """How many of them there are."""
    return run_maps(run).count() + run_scores(run).count()


def _start(runs: Sequence[Run], part: int, parts: int, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    names = [str(run.pk) for run in runs]
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_part", *names, f"--part={part}"]
    threads = str(max(1, (os.cpu_count() or 1) // parts))
    environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    return subprocess.Popen([*command, f"--parts={parts}"], env=environment, stdout=complaints, stderr=complaints)  # noqa: S603  our own command


def _tell(progress: Progress | None, runs: Sequence[Run], total: int) -> None:
    if progress:
        progress(sum(present(run) for run in runs), total, "")


def _raise_if_failed(workers: list[subprocess.Popen[bytes]], complaints: IO[bytes]) -> None:
    if any(worker.poll() for worker in workers):
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip().splitlines()
        raise ExplanationError(said[-1] if said else "A process that made maps ended without a word.")
