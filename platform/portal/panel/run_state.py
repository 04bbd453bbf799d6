"""How far a run is: by its jobs while they work, and by what is stored."""

from __future__ import annotations

from dataclasses import dataclass

from portal.catalog.selectors import approved_images
from portal.explanations.models import Run
from portal.explanations.selectors import run_maps, run_progress, run_scores, scores_wanted
from portal.panel.job_lines import JobLine, job_line


@dataclass(frozen=True)
class RunState:
    """The lines of a run's jobs, and how many of its maps and scores are there."""

    run: Run
    lines: list[JobLine]
    maps: int
    maps_wanted: int
    scores: int
    scores_wanted: int

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
    wanted = approved_images(run.dataset).count() * len(run.methods)
    there = run_maps(run).order_by().values("image", "label").distinct().count()
    lines = [job_line(job) for job in (progress.explaining, progress.scoring) if job is not None]
    return RunState(run, lines, there, wanted, run_scores(run).count(), scores_wanted(run))
