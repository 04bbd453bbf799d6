"""The jobs of a run: its maps, then their scores; both safe to run twice."""

from __future__ import annotations

from portal.explanations.errors import MapsMissing
from portal.explanations.models import Run
from portal.explanations.scoring import score_run
from portal.explanations.selectors import run_maps
from portal.explanations.services import enqueue_scoring
from portal.explanations.work import explain_run
from portal.jobs.registry import Progress


def explain(*, run: int, progress: Progress) -> None:
    """Make the maps of a run, and queue the scoring if the run has metrics."""
    planned = Run.objects.select_related("network", "dataset").get(pk=run)
    try:
        explain_run(planned, progress)
    except MapsMissing:
        _score_next(planned)  # what could be made is scored; the job fails by name of what could not
        raise
    _score_next(planned)


def score(*, run: int, progress: Progress) -> None:
    """Score the maps of a run."""
    score_run(Run.objects.select_related("network", "dataset").get(pk=run), progress)


def _score_next(run: Run) -> None:
    if run.metrics and run_maps(run).exists():
        enqueue_scoring(run=run, actor=run.created_by)
