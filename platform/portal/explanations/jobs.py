"""The jobs of a run: its maps, then their scores; both safe to run twice."""

from __future__ import annotations

from portal.explanations.models import Run
from portal.explanations.scoring import score_run
from portal.explanations.services import enqueue_scoring
from portal.explanations.work import explain_run
from portal.jobs.registry import Progress


def explain(*, run: int, progress: Progress) -> None:
    """Make the maps of a run, and queue the scoring if the run has metrics."""
    planned = Run.objects.select_related("network", "dataset").get(pk=run)
    explain_run(planned, progress)
    if planned.metrics:
        enqueue_scoring(run=planned, actor=planned.created_by)


def score(*, run: int, progress: Progress) -> None:
    """Score the maps of a run."""
    score_run(Run.objects.select_related("network", "dataset").get(pk=run), progress)
