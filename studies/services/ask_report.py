"""Asking for a report: light enough for the web, which leaves the making to a worker."""

from __future__ import annotations

from portal.accounts.models import User
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from studies.errors import StudyError
from studies.models import ProtocolVersion, RunKind


def request_report(*, version: ProtocolVersion, run_kinds: list[str], actor: User | None) -> Job:
    """Queue the making of a report; needs somebody to have answered."""
    check_kinds(run_kinds)
    return enqueue(
        kind="report",
        payload={"version_id": version.pk, "run_kinds": sorted(run_kinds), "actor_id": actor.pk if actor else None},
        work_key=f"report:{version.pk}:{'+'.join(sorted(run_kinds))}",
        requested_by=actor,
    )


def check_kinds(run_kinds: list[str]) -> None:
    """A clear sentence for a kind of run that does not exist."""
    unknown = sorted(set(run_kinds) - set(RunKind.values))
    if unknown or not run_kinds:
        named = unknown[0] if unknown else ""
        raise StudyError(f"There is no kind of run called {named!r}; there are: {', '.join(RunKind.values)}.")
