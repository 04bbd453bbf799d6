"""Reports: asking for one, its progress, its files, and the report itself in the browser."""

from __future__ import annotations

import mimetypes

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from portal.jobs.models import Job, JobState
from portal.panel.admins import actor_of
from portal.panel.job_lines import job_line
from studies.blinding.analysts import methods_named
from studies.errors import StudyError
from studies.models import Report, Study
from studies.panel.forms import ReportForm
from studies.panel.pages import address, posted, show_study, study_or_404, version_asked_for
from studies.services.ask_report import request_report

TYPES = {
    "report.html": "text/html; charset=utf-8",
    "report.pdf": "application/pdf",
    "report.json": "application/json",
    "ratings.csv": "text/csv; charset=utf-8",
    "codebook.csv": "text/csv; charset=utf-8",
}
RECENT_JOBS = 5
REPORT_POLICY = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "connect-src": [NONE],
    "form-action": [NONE],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}


def reports(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue a report on POST; list what there is, and the jobs that make more."""
    study = study_or_404(pk)
    version = version_asked_for(request, study)
    form = ReportForm(version, posted(request)) if version else None
    if request.method == "POST" and version and form and form.is_valid():
        try:
            request_report(version=version, run_kinds=form.cleaned_data["kinds"], actor=actor_of(request))
        except StudyError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "The report is being made; it will stand below.")
        return redirect(address("reports", pk))
    context = {"form": form, "version": version, "named": methods_named(study), **_listed(study)}
    if "table" in request.GET:
        return TemplateResponse(request, "studies/panel/reports_table.html", {"study": study, **context})
    return show_study(request, study, "reports.html", "Reports", context, 400 if form and form.errors else 200)


def download(request: HttpRequest, pk: int, report: int, name: str) -> FileResponse:
    """One file of a report, streamed from the store."""
    found = _report(pk, report)
    stored = _stored(found, name)
    content_type = TYPES.get(name) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    filename = f"{found.version.study.slug}-{found.pk}-{name}"
    return FileResponse(default_storage.open(stored), as_attachment=True, filename=filename, content_type=content_type)


@csp_replace(REPORT_POLICY)  # type: ignore[arg-type]  # the library's type knows no further arguments of a view
def open_report(request: HttpRequest, pk: int, report: int) -> HttpResponseBase:
    """The report in the browser: one page with its style inside, and no script may ever run in it."""
    stored = _stored(_report(pk, report), "report.html")
    with default_storage.open(stored) as file:
        return HttpResponse(file.read(), content_type=TYPES["report.html"])


def _listed(study: Study) -> dict[str, object]:
    found = Report.objects.filter(version__study=study).select_related("version", "created_by")
    jobs = Job.objects.filter(
        kind="report", payload__version_id__in=list(study.versions.values_list("pk", flat=True))
    ).exclude(state=JobState.DONE)
    lines = [job_line(job) for job in jobs[:RECENT_JOBS]]
    return {"reports": list(found), "jobs": lines, "busy": any(line.is_active for line in lines)}


def _report(pk: int, report: int) -> Report:
    return get_object_or_404(Report.objects.select_related("version__study"), pk=report, version__study_id=pk)


def _stored(report: Report, name: str) -> str:
    """The name in the store: only files that belong to the report can be asked for."""
    stored = report.files.get(name)
    if not isinstance(stored, str) or not default_storage.exists(stored):
        raise Http404
    return stored
