"""The audit trail in the panel: read, searched, and checked for being whole."""

from __future__ import annotations

import json

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.audit.models import Entry
from portal.audit.services import first_broken_entry
from portal.panel.admins import PanelAdmin


@admin.register(Entry)
class EntryAdmin(PanelAdmin):
    """Who did what, to which thing, and when."""

    nav_group, nav_title, nav_order = "House", "Audit trail", 60
    intro = "Every act that changes something, in the order in which it happened. Nothing here can be changed."
    list_display = ("at", "who", "action", "subject", "summary")
    list_filter = ("action",)
    search_fields = ("actor_label", "action", "subject")
    search_help_text = "A person's address, an action, or a thing such as case:12."
    ordering = ("-id",)
    sortable_by = ()
    change_list_template = "portal/panel/audit_list.html"
    fields = ("at", "actor_label", "action", "subject", "details", "previous_hash", "hash")
    readonly_fields = ("details",)

    def own_pages(self) -> list[URLPattern]:
        """The check of the chain."""
        return [self.page("check", self.check_chain, "check", methods=("POST",))]

    def check_chain(self, request: HttpRequest) -> HttpResponse:
        """Follow the chain from its start."""
        broken = first_broken_entry()
        if broken is None:
            messages.success(request, f"The chain is whole: {Entry.objects.count()} entries, each sealed by the next.")
        else:
            messages.error(request, f"The chain breaks at entry {broken.pk} of {broken.at:%Y-%m-%d %H:%M}: {broken}.")
        return redirect(self.url("changelist"))

    @admin.display(description="who")
    def who(self, entry: Entry) -> str:
        """How the actor was called then."""
        return entry.actor_label

    @admin.display(description="detail")
    def summary(self, entry: Entry) -> str:
        """The detail's beginning, on one line."""
        told = {key: value for key, value in entry.detail.items() if value not in ("", None, [])}
        said = "; ".join(f"{key}: {_plainly(value)}" for key, value in told.items())
        return said if len(said) <= 90 else f"{said[:89]}…"

    @admin.display(description="detail")
    def details(self, entry: Entry) -> SafeString:
        """All of it."""
        return format_html("<pre>{}</pre>", json.dumps(entry.detail, indent=2, ensure_ascii=False))


def _plainly(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
