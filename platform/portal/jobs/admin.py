"""Jobs in the panel: what runs, what failed and why, with buttons to try again and to stop."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.audit.services import record
from portal.jobs.models import Job, JobState
from portal.jobs.services import cancel, enqueue
from portal.panel.admins import PanelAdmin, actor_of, attempt
from portal.panel.job_lines import job_line


@admin.register(Job)
class JobAdmin(PanelAdmin):
    """Long work and how far it is."""

    nav_group, nav_title, nav_order = "House", "Jobs", 50
    intro = "Long work, done by the workers one step after another. A job that a dead worker left is picked up again."
    list_display = ("what", "shown_state", "progress", "attempts", "requested_by", "created_at", "finished_at")
    list_filter = ("state", "kind")
    search_fields = ("work_key", "message", "error")
    list_select_related = ("requested_by",)
    ordering = ("-id",)

    def own_pages(self) -> list[URLPattern]:
        """One job, its line, and the two buttons."""
        return [
            self.page("<int:pk>/change/", self.job, "change"),
            self.page("<int:pk>/line", self.line, "line"),
            self.page("<int:pk>/retry", self.retry, "retry", methods=("POST",)),
            self.page("<int:pk>/cancel", self.cancel, "cancel", methods=("POST",)),
        ]

    def job(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One job, kept up to date while it runs."""
        job = self.found(pk)
        return self.show(request, "portal/panel/job.html", str(job_line(job).title), job=job, line=job_line(job))

    def line(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The job's line alone, for a page that polls."""
        line = job_line(self.found(pk))
        html = render_to_string("portal/panel/job_line.html", {"line": line}, request)
        return JsonResponse({"html": html, "active": line.is_active})

    def retry(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Queue a job again that failed or was cancelled."""
        job = self.found(pk)
        actor = actor_of(request)
        if job.state in {JobState.FAILED, JobState.CANCELLED}:

            def again() -> None:
                enqueue(kind=job.kind, payload=job.payload, work_key=job.work_key, requested_by=actor)
                record(actor=actor, action="job.retried", subject=job)

            attempt(request, again, "The job is queued again.")
        return redirect(self.url("change", pk))

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop a job at its next step; what it has made stays."""
        job = self.found(pk)
        if job_line(job).is_active:
            cancel(job=job)
            record(actor=actor_of(request), action="job.cancelled", subject=job)
        return redirect(self.url("change", pk))

    @admin.display(description="job", ordering="kind")
    def what(self, job: Job) -> str:
        """What it does, and for what."""
        return f"{job_line(job).title} ({job.work_key})"

    @admin.display(description="state", ordering="state")
    def shown_state(self, job: Job) -> SafeString:
        """Its state, coloured."""
        return format_html('<span class="state {}">{}</span>', job.state, job.get_state_display())

    @admin.display(description="progress")
    def progress(self, job: Job) -> SafeString | str:
        """How far, or what went wrong."""
        line = job_line(job)
        if line.trouble:
            return line.trouble[:120]
        if not job.total:
            return "–"
        bar = '<progress max="100" value="{0}" aria-label="{0} percent"></progress>'
        return format_html(bar + '<span class="numbers">{1} of {2}</span>', line.percent, job.done, job.total)
