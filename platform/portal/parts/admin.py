"""The catalogue of methods, metrics and all other registered parts: what each shows, and when it misleads."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from portal.panel.admins import PanelAdmin
from portal.parts.models import Part

FAMILIES = {
    "explainers.methods": "Explanation method",
    "evaluation.metrics": "Metric",
    "evaluation.analyses": "Analysis",
    "studies.tasks": "Task",
    "studies.designs": "Design",
}


class FamilyFilter(admin.SimpleListFilter):
    """Families by their titles."""

    title = "kind"
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All families."""
        return list(FAMILIES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Part]) -> QuerySet[Part]:
        """The parts of the chosen one."""
        return queryset.filter(family=self.value()) if self.value() else queryset


@admin.register(Part)
class PartAdmin(PanelAdmin):
    """Registered parts."""

    nav_group, nav_title, nav_order = "Material", "Methods and metrics", 40
    intro = "What can be asked for, what it shows, and when it misleads."
    list_display = ("title", "kind", "summary", "caveat")
    list_filter = (FamilyFilter,)
    search_fields = ("title", "name", "summary", "reference")
    sortable_by = ("title",)
    list_per_page = 100

    def own_pages(self) -> list[URLPattern]:
        """The page of a part."""
        return [self.page("<int:pk>/change/", self.part, "change")]

    def part(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One part with its facts and parameters."""
        part = self.found(pk)
        facts = [
            (name.replace("_", " ").capitalize(), _said(value))
            for name, value in part.facts.items()
            if name != "caveat" and value not in ("", [], None)
        ]
        caveat, kind = part.facts.get("caveat", ""), self.kind(part)
        return self.show(
            request, "portal/panel/part.html", part.title, part=part, facts=facts, caveat=caveat, kind=kind
        )

    @admin.display(description="kind", ordering="family")
    def kind(self, part: Part) -> str:
        """Its family."""
        return FAMILIES.get(part.family, part.family)

    @admin.display(description="misleads when")
    def caveat(self, part: Part) -> str:
        """What to beware of."""
        return str(part.facts.get("caveat", "–"))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
