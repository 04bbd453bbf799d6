"""How far a run is: by its jobs while they work, and by what is stored."""

from __future__ import annotations

from dataclasses import dataclass

from portal.catalog.selectors import approved_images
from portal.explanations.models import Run, Score
from portal.explanations.selectors import current_explanations, run_progress
from portal.panel.job_lines import JobLine, job_line


@dataclass(frozen=True)
class RunState:
    """The lines of a run's jobs, and how many of its maps and scores are there."""

    run: Run
    lines: list[JobLine]
    maps: int
    maps_wanted: int
    scores: int

    @property
    def is_active(self) -> bool:
        """One of its jobs waits or works."""
        return any(line.is_active for line in self.lines)

    @property
    def is_complete(self) -> bool:
        """All its maps are stored."""
        return self.maps >= self.maps_wanted

    @property
    def percent(self) -> int:
        """Of its maps."""
        return min(100, 100 * self.maps // self.maps_wanted) if self.maps_wanted else 0


def run_state(run: Run) -> RunState:
    """The state of a run, read now."""
    progress = run_progress(run)
    labels = [entry["label"] for entry in run.methods]
    maps = current_explanations(run.network, run.dataset, labels, run.seed)
    wanted = approved_images(run.dataset).count() * len(labels)
    scores = Score.objects.filter(
        explanation__in=maps.order_by().values("pk"), label__in=[entry["label"] for entry in run.metrics]
    ).count()
    there = maps.order_by().values("image", "label").distinct().count()
    lines = [job_line(job) for job in (progress.explaining, progress.scoring) if job is not None]
    return RunState(run, lines, there, wanted, scores)
