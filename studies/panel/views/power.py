"""Power: asking for the simulation, and what it gave."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.jobs.models import Job, JobState
from portal.panel.admins import actor_of
from portal.panel.job_lines import job_line
from studies.errors import StudyError
from studies.models import PowerEstimate, ProtocolVersion
from studies.panel.pages import address, study_or_404
from studies.services.ask_power import request_power, table_of
from studies.services.design import draft_of, version_in_force
from studies.versions import written_hash


def simulate(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue the simulation of the draft's power, or of the version in force."""
    found = study_or_404(pk)
    version = draft_of(found) or version_in_force(found)
    try:
        if version is not None:
            request_power(version=version, actor=actor_of(request))
            messages.success(request, "The power is being simulated; it will stand on this page.")
    except StudyError as error:
        messages.error(request, str(error))
    return redirect(address("change", pk) + "#power")


def power_context(version: ProtocolVersion | None) -> dict[str, Any]:
    """What the study's page shows of it: the newest estimate as a table, and jobs that are not done."""
    if version is None:
        return {}
    found = PowerEstimate.objects.filter(version=version).first()
    jobs = Job.objects.filter(work_key=f"power:{version.pk}").exclude(state=JobState.DONE)
    columns, rows = table_of(found.result) if found else ([], [])
    return {
        "power": found,
        "power_is_old": found is not None and found.protocol_hash != written_hash(version),
        "power_columns": columns,
        "power_rows": rows,
        "power_jobs": [job_line(job) for job in jobs],
    }
