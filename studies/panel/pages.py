"""What every page of the panel shares: the frame around it, and the study's own head."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from studies.models import ProtocolVersion, RunKind, Study
from studies.panel.overview import next_step
from studies.services.design import draft_of, version_in_force

COUNTED = (RunKind.LIVE, RunKind.PILOT, RunKind.BOT)
"""Kinds of run that a researcher may count, people first."""


def show(
    request: HttpRequest, template: str, title: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page in the panel's frame, under the list of studies."""
    frame = {
        **admin.site.each_context(request),
        "title": title,
        "opts": Study._meta,
        "list_title": "Studies",
        "list_url": address("changelist"),
    }
    return TemplateResponse(request, f"studies/panel/{template}", {**frame, **(context or {})}, status=status)


def show_study(
    request: HttpRequest,
    study: Study,
    template: str,
    title: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page of one study: its name, state and tabs stand above."""
    head = {
        "study": study,
        "next_step": next_step(study),
        "is_editable": draft_of(study) is not None,
        "locked_versions": list(study.versions.filter(locked_at__isnull=False).order_by("number")),
        "trail": [(study.title, address("change", study.pk))],
    }
    return show(request, template, title, {**head, **(context or {})}, status)


def address(page: str, *args: Any) -> str:
    """The address of one of the panel's pages of studies."""
    return reverse(f"admin:studies_study_{page}", args=args)


def study_or_404(pk: int) -> Study:
    """The study of this key."""
    return get_object_or_404(Study.objects.select_related("owner"), pk=pk)


def version_asked_for(request: HttpRequest, study: Study) -> ProtocolVersion | None:
    """The locked version that `?version=` names, or the one in force; None before the first lock."""
    number = request.GET.get("version", "")
    if number.isdecimal():
        return get_object_or_404(study.versions.filter(locked_at__isnull=False), number=number)
    return version_in_force(study)


def kinds_asked_for(request: HttpRequest) -> list[str]:
    """The kinds of run that `?kind=` names; live ones where it names none."""
    known = [str(kind) for kind in COUNTED if kind in request.GET.getlist("kind")]
    return known or [str(RunKind.LIVE)]


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, an empty form too; None where the page is only looked at."""
    return request.POST if request.method == "POST" else None
