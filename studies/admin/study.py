"""Studies in the panel: pages of our own in place of the stock list and form."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern

from portal.accounts.models import User
from portal.panel.admins import PanelAdmin, researchers_only
from studies.models import Study
from studies.panel.urls import PAGES


@admin.register(Study)
class StudyAdmin(PanelAdmin):
    """A study from its protocol to its report."""

    nav_group = "Studies"
    nav_title = "Studies"
    nav_order = 10

    def may_use(self, user: User) -> bool:
        """Researchers; coordinators for the pages that are theirs."""
        return user.is_coordinator

    def own_pages(self) -> list[URLPattern]:
        """All pages of a study."""
        return [
            self.page(
                each.route,
                each.view if each.for_coordinators else researchers_only(each.view),
                each.name,
                methods=each.methods,
            )
            for each in PAGES
        ]

    def get_urls(self) -> list[URLPattern]:
        """Ours, and the history; the stock list and form have no address."""
        kept = {self.url_name("history")}
        own = self.own_pages()
        return [*own, *(each for each in super().get_urls() if each.name in kept)]
