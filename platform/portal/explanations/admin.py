"""Runs and maps in the panel: planned by a form, watched while they are made, looked at one by one."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.audit.services import record
from portal.explanations.models import Explanation, Presentation, Run
from portal.explanations.services import enqueue_explaining, start_run
from portal.jobs.services import cancel
from portal.panel.admins import PanelAdmin, actor_of, attempt
from portal.panel.pictures import map_picture
from portal.panel.run_form import RunForm
from portal.panel.run_scores import score_tables
from portal.panel.run_state import run_state


@admin.register(Run)
class RunAdmin(PanelAdmin):
    """Plans of methods and metrics for a model on a dataset."""

    nav_group, nav_title, nav_order = "Material", "Runs", 30
    intro = "A run makes the maps of some methods for one model on all approved cases of a dataset, then scores them."
    list_display = ("run_title", "methods_named", "metrics_named", "progress", "created_by", "created_at")
    list_filter = ("network", "dataset")
    list_select_related = ("network", "dataset", "created_by")
    list_per_page = 25
    sortable_by = ("created_at",)
    change_list_template = "portal/panel/run_list.html"

    def own_pages(self) -> list[URLPattern]:
        """The form, the page of a run, and its buttons."""
        return [
            self.page("new/", self.new, "new", methods=("GET", "POST")),
            self.page("<int:pk>/change/", self.run, "change"),
            self.page("<int:pk>/line", self.line, "line"),
            self.page("<int:pk>/again/", self.again, "again", methods=("POST",)),
            self.page("<int:pk>/cancel/", self.cancel, "cancel", methods=("POST",)),
        ]

    def new(self, request: HttpRequest) -> HttpResponse:
        """Plan a run and start it."""
        form = RunForm(request.POST or None, initial=request.GET.dict())
        if request.method == "POST" and form.is_valid():
            run = self._start(request, form)
            if run is not None:
                return redirect(self.url("change", run.pk))
        return self.show(request, "portal/panel/run_new.html", "New run", form=form)

    def run(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One run, kept up to date while it works."""
        run = self.found(pk)
        tables = score_tables(run)
        return self.show(request, "portal/panel/run.html", str(run), run=run, state=run_state(run), tables=tables)

    def line(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The progress alone, for the page that polls."""
        state = run_state(self.found(pk))
        html = render_to_string("portal/panel/run_lines.html", {"state": state}, request)
        return JsonResponse({"html": html, "active": state.is_active})

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make what is missing."""
        run, actor = self.found(pk), actor_of(request)

        def resume() -> None:
            enqueue_explaining(run=run, actor=actor)
            record(actor=actor, action="run.resumed", subject=run)

        attempt(request, resume, "The run makes what is missing.")
        return redirect(self.url("change", pk))

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop the run's jobs at their next step; what was made stays."""
        run = self.found(pk)
        active = [line.job for line in run_state(run).lines if line.is_active]
        for job in active:
            cancel(job=job)
        if active:
            record(actor=actor_of(request), action="run.cancelled", subject=run)
        return redirect(self.url("change", pk))

    def _start(self, request: HttpRequest, form: RunForm) -> Run | None:
        chosen, started = form.cleaned_data, []

        def start() -> None:
            started.append(
                start_run(
                    network=chosen["network"],
                    dataset=chosen["dataset"],
                    methods=form.asked("method"),
                    metrics=form.asked("metric"),
                    displayed=chosen["displayed"],
                    seed=chosen["seed"],
                    actor=actor_of(request),
                )
            )

        return started[0] if attempt(request, start, "The run is queued.") else None

    @admin.display(description="run", ordering="id")
    def run_title(self, run: Run) -> str:
        """Its model and dataset."""
        return str(run)

    @admin.display(description="methods")
    def methods_named(self, run: Run) -> str:
        """The labels of its methods."""
        return ", ".join(entry["label"] for entry in run.methods)

    @admin.display(description="metrics")
    def metrics_named(self, run: Run) -> str:
        """The labels of its metrics."""
        return ", ".join(entry["label"] for entry in run.metrics) or "–"

    @admin.display(description="maps")
    def progress(self, run: Run) -> SafeString:
        """How many of its maps are there."""
        state = run_state(run)
        bar = '<progress max="100" value="{0}" aria-label="{0} percent of the maps"></progress>'
        words = '<span class="numbers">{1} of {2}</span>'
        return format_html(bar + words, state.percent, state.maps, state.maps_wanted)


@admin.register(Explanation)
class ExplanationAdmin(PanelAdmin):
    """Single maps with their provenance."""

    nav_group, nav_title, nav_order = "Material", "Maps", 35
    intro = "Every saliency map with what decides its values. Maps of one case stand side by side on the case's page."
    list_display = ("picture", "label", "case", "network", "seconds_taken", "kind", "created_at")
    list_display_links = ("label",)
    list_filter = ("network", "method", "is_control")
    search_fields = ("label", "image__case__slug")
    list_select_related = ("network", "image__case")
    list_per_page = 25
    sortable_by = ("label", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Explanation]:
        """The newest first."""
        maps: QuerySet[Explanation] = super().get_queryset(request)
        return maps.order_by("-id")

    def own_pages(self) -> list[URLPattern]:
        """The page of a map, and its picture."""
        return [
            self.page("<int:pk>/overlay.png", self.overlay, "overlay", cacheable=True),
            self.page("<int:pk>/change/", self.explanation, "change"),
        ]

    def overlay(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The map over its image."""
        return map_picture(request, self.found(pk))

    def explanation(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One map."""
        made = self.found(pk)
        provenance = json.dumps(made.provenance, indent=2, ensure_ascii=False)
        scores = sorted(made.scores.all(), key=lambda score: (score.presentation != Presentation.RAW, score.label))
        parameters = list(made.parameters.items())
        return self.show(
            request,
            "portal/panel/explanation.html",
            f"{made.label} on {made.image.case.slug}",
            made=made,
            provenance=provenance,
            scores=scores,
            parameters=parameters,
        )

    @admin.display(description="map")
    def picture(self, made: Explanation) -> SafeString:
        """A small overlay."""
        address = self.url("overlay", made.pk)
        return format_html('<img src="{}?side=96" alt="" width="72" height="72" loading="lazy">', address)

    @admin.display(description="case")
    def case(self, made: Explanation) -> str:
        """Its case."""
        return made.image.case.slug

    @admin.display(description="seconds")
    def seconds_taken(self, made: Explanation) -> str:
        """How long it took."""
        return f"{made.seconds:.2f}"

    @admin.display(description="kind", ordering="is_control")
    def kind(self, made: Explanation) -> str:
        """A method, or a control."""
        return "Control" if made.is_control else "Method"
