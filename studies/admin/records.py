"""Responses and enrolments in the panel: to read, never to change."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.panel.admins import PanelAdmin
from studies.models import Enrolment, EnrolmentState, Response


@admin.register(Response)
class ResponseAdmin(PanelAdmin):
    """Every answer as it was stored; the arm by its code."""

    nav_group = "Studies"
    nav_title = "Responses"
    nav_order = 30
    intro = "Every answer as it was stored. Answers are only ever added: a changed answer is a further revision."
    list_display = ("at", "study", "kind", "reader", "task", "case", "arm", "step", "answered", "revision")
    list_filter = (
        ("trial__enrolment__version__study", admin.RelatedOnlyFieldListFilter),
        "trial__enrolment__run_kind",
        ("trial__enrolment__reader", admin.RelatedOnlyFieldListFilter),
        "trial__task",
    )
    search_fields = ("trial__enrolment__reader__pseudonym", "trial__case__slug")
    search_help_text = "Reader's pseudonym or case"
    fields = ("study", "kind", "reader", "task", "case", "arm", "step", "revision", "answered", "client", "received_at")
    readonly_fields = fields

    class Media:
        css = {"all": ["studies/panel/panel.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Response]:
        """With all that a row names."""
        return (
            super()
            .get_queryset(request)
            .select_related(
                "trial__enrolment__version__study",
                "trial__enrolment__reader",
                "trial__case",
                "trial__arm",
                "trial__stimulus__arm",
            )
            .prefetch_related("trial__further__stimulus__arm")
            .order_by("-id")
        )

    @admin.display(description="received", ordering="received_at")
    def at(self, response: Response) -> str:
        """In the server's time zone."""
        return f"{timezone.localtime(response.received_at):%Y-%m-%d %H:%M}"

    @admin.display(ordering="trial__enrolment__version__study__slug")
    def study(self, response: Response) -> str:
        """Its short name and version."""
        version = response.trial.enrolment.version
        return f"{version.study.slug} v{version.number}"

    @admin.display(description="kind of run", ordering="trial__enrolment__run_kind")
    def kind(self, response: Response) -> str:
        """What the reader counts as."""
        return str(response.trial.enrolment.get_run_kind_display())

    @admin.display(ordering="trial__enrolment__reader__pseudonym")
    def reader(self, response: Response) -> str:
        """The pseudonym."""
        return response.trial.enrolment.reader.pseudonym

    @admin.display(ordering="trial__task")
    def task(self, response: Response) -> str:
        """The task, and whether it was practice."""
        return f"{response.trial.task} (practice)" if response.trial.is_practice else response.trial.task

    @admin.display(ordering="trial__case__slug")
    def case(self, response: Response) -> str:
        """The case's pseudonym."""
        return response.trial.case.slug

    @admin.display(description="arm")
    def arm(self, response: Response) -> str:
        """The letters; methods are told on the case's page alone."""
        return " and ".join(stimulus.arm.code for stimulus in response.trial.stimuli)

    @admin.display(description="answers")
    def answered(self, response: Response) -> str:
        """Question and answer."""
        return ", ".join(f"{name}: {_plain(value)}" for name, value in response.answers.items())


@admin.register(Enrolment)
class EnrolmentAdmin(PanelAdmin):
    """Who takes part, under pseudonyms."""

    nav_group = "Studies"
    nav_title = "Readers"
    nav_order = 20
    intro = "Readers are known by their pseudonyms; nothing here tells who they are."
    list_display = ("reader", "study", "run_kind", "state", "slot", "came", "finished", "act")
    list_filter = (
        ("version__study", admin.RelatedOnlyFieldListFilter),
        "run_kind",
        "state",
    )
    search_fields = ("reader__pseudonym",)
    search_help_text = "Reader's pseudonym"

    class Media:
        css = {"all": ["studies/panel/panel.css"]}

    fields = (
        "reader",
        "study",
        "run_kind",
        "state",
        "slot",
        "consent_version",
        "consent_hash",
        "consented_at",
        "created_at",
        "completed_at",
        "withdrawn_at",
        "act",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrolment]:
        """With all that a row names."""
        return super().get_queryset(request).select_related("reader", "version__study").order_by("-id")

    @admin.display(ordering="version__study__slug")
    def study(self, enrolment: Enrolment) -> str:
        """Its short name and version."""
        return f"{enrolment.version.study.slug} v{enrolment.version.number}"

    @admin.display(description="came", ordering="created_at")
    def came(self, enrolment: Enrolment) -> str:
        """The day."""
        return f"{timezone.localtime(enrolment.created_at):%Y-%m-%d %H:%M}"

    @admin.display(description="finished", ordering="completed_at")
    def finished(self, enrolment: Enrolment) -> str:
        """The day, or that they have not."""
        at = enrolment.completed_at
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "not yet"

    @admin.display(description="action")
    def act(self, enrolment: Enrolment) -> SafeString | str:
        """Taking a reader out goes by a page that asks why."""
        if enrolment.state == EnrolmentState.WITHDRAWN:
            return "–"
        page = reverse("admin:studies_study_take_out", args=[enrolment.version.study_id, enrolment.pk])
        return format_html(
            '<a href="{}">Take out<span class="visually-hidden"> {}</span></a>', page, enrolment.reader.pseudonym
        )


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
