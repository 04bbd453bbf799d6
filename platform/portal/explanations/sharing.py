"""A run's work shared by several processes on one machine, each with its own images."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from django.conf import settings
from django.db import connection

from portal.catalog.selectors import approved_images
from portal.explanations.errors import ExplanationError
from portal.explanations.models import Run
from portal.explanations.selectors import run_maps, run_scores, scores_wanted
from portal.jobs.registry import Progress

POLL_SECONDS = 0.5


def share_runs(runs: Sequence[Run], *, processes: int | None = None, progress: Progress | None = None) -> None:
    """Make and score all maps of `runs` in as many processes as there are cores; resumes like a run.

    Small networks gain little from a second thread, but all from a second process. `progress` counts maps and scores.
    Interrupted, it stops the processes; what they have stored stays. Where one fails, the others go on with their
    images, and ExplanationError says at the end what it said.
    """
    count = processes or usual_processes(runs)
    tell = _Telling(runs, progress)
    tell()
    with contextlib.ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(count)]
        workers = [_start(runs, part, count, complaints) for part, complaints in enumerate(said)]
        try:
            while any(worker.poll() is None for worker in workers):
                time.sleep(POLL_SECONDS)
                tell()
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()
        failed = [_complaint(worker, said[part]) for part, worker in enumerate(workers) if worker.returncode]
    tell()
    if failed:
        raise ExplanationError(" ".join(dict.fromkeys(failed)))


def usual_processes(runs: Sequence[Run]) -> int:
    """As many as there are cores, at most one an image; one within a transaction, which no other process can see."""
    if connection.in_atomic_block:
        return 1
    images = max((approved_images(run.dataset).count() for run in runs), default=1)
    return max(1, min(os.cpu_count() or 1, images))


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


class _Telling:
    """Tells how far the runs are, by what is stored, and how many images a second that makes."""

    def __init__(self, runs: Sequence[Run], progress: Progress | None) -> None:
        self.runs, self.progress = runs, progress
        self.total = sum(expected(run) for run in runs)
        self.images = sum(approved_images(run.dataset).count() for run in runs)
        self.before = sum(present(run) for run in runs)
        self.started = time.monotonic()

    def __call__(self) -> None:
        if self.progress:
            done = sum(present(run) for run in self.runs)
            share = (done - self.before) / max(self.total, 1)
            rate = share * self.images / max(time.monotonic() - self.started, 1e-9)
            self.progress(min(done, self.total), self.total, f"{rate:.3g} images/s" if done > self.before else "")


def _complaint(worker: subprocess.Popen[bytes], said: IO[bytes]) -> str:
    """What a process that failed said last, or how it ended."""
    if worker.returncode < 0:
        return f"A process that made maps was ended by signal {-worker.returncode}; the same command goes on from here."
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("CommandError: ") if lines else "A process that made maps ended without a word."
