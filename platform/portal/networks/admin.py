"""Models in the panel: what they are, how well they do, and what they were asked."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.networks.models import Network
from portal.panel.admins import PanelAdmin
from portal.panel.performances import command_of, measures_of


@admin.register(Network)
class NetworkAdmin(PanelAdmin):
    """Registered models."""

    nav_group, nav_title, nav_order = "Material", "Models", 20
    intro = "Registered architectures with weights that are data, never code."
    list_display = ("title", "task", "architecture", "headline", "weights_hash", "created_at")
    list_filter = ("task",)
    search_fields = ("title", "slug", "architecture", "description")
    change_list_template = "portal/panel/network_list.html"

    def own_pages(self) -> list[URLPattern]:
        """The page of a model, and how to register one."""
        return [
            self.page("registering/", self.registering, "registering"),
            self.page("<int:pk>/change/", self.network, "change"),
        ]

    def network(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One model."""
        network = self.found(pk)
        return self.show(
            request,
            "portal/panel/network.html",
            network.title,
            network=network,
            measures=measures_of(network.performance),
            command=command_of(network.performance),
            arguments=list(network.arguments.items()),
            preprocessing=list(network.preprocessing.items()),
            runs=network.runs.select_related("dataset", "network")[:10],
            maps=network.explanations.count(),
        )

    def registering(self, request: HttpRequest) -> HttpResponse:
        """How a model comes in."""
        return self.show(request, "portal/panel/registering.html", "Registering a model")

    @admin.display(description="performance")
    def headline(self, network: Network) -> str:
        """Its first estimate with the interval."""
        first = next(iter(measures_of(network.performance)), None)
        if first is None:
            return "not measured"
        return f"{first.title} {first.value:.2f} ({first.low:.2f} to {first.high:.2f})"

    @admin.display(description="weights")
    def weights_hash(self, network: Network) -> SafeString:
        """The beginning of the weights' hash."""
        return format_html('<code title="{}">{}</code>', network.weights_sha256, network.weights_sha256[:12])
