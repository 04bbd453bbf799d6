"""The researcher's panel: Django's admin site, entered by our own sign-in, for researchers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from portal.accounts.views import SignOut
from portal.panel import tokens
from portal.panel.admins import PanelAdmin, researchers_only
from portal.panel.dashboard import overview

#: The order of the groups in the navigation; a page's `nav_group` is one of them.
GROUPS = ("Material", "Studies", "House")


LANGUAGE = "en"


@dataclass(frozen=True)
class Link:
    """One entry of the navigation."""

    title: str
    url: str
    current: bool


@dataclass(frozen=True)
class Group:
    """Entries of the navigation that belong together."""

    title: str
    links: tuple[Link, ...]


class PanelSite(admin.AdminSite):
    """Only `PanelAdmin` pages stand here: what libraries would register of their own is left out."""

    site_title = _("Heatproof")  # type: ignore[assignment]
    site_header = _("Heatproof")  # type: ignore[assignment]
    index_title = _("Overview")  # type: ignore[assignment]
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a model with a `PanelAdmin`; any other class is passed over."""
        if admin_class is not None and issubclass(admin_class, PanelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Researchers and administrators; coordinators for the pages that are theirs."""
        return bool(getattr(request.user, "is_coordinator", False))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Nobody is led to the sign-in; for a signed-in reader the panel does not exist."""

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("accounts:sign_in"))
            if not self.has_permission(request):
                raise Http404
            translation.activate(LANGUAGE)  # the panel is in one language, whatever the browser asks for
            return view(request, *args, **kwargs)

        guarded = inner if cacheable else never_cache(inner)
        return update_wrapper(csrf_protect(guarded), view)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """There is one sign-in, and it is not here."""
        target = request.GET.get("next", reverse("admin:index"))
        return redirect_to_login(target, reverse("accounts:sign_in"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """Sign out, by POST alone."""
        return SignOut.as_view()(request)  # type: ignore[return-value]

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """Passwords are changed where they are reset, by a mailed link."""
        return redirect("accounts:password_reset")

    password_change_done = password_change  # type: ignore[assignment]

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """Applications are the house's affair, not the researcher's: to the overview."""
        if not self.get_app_list(request, app_label):
            raise Http404
        return redirect("admin:index")

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """What waits, what runs, and what there is; for a coordinator, the one page that is theirs."""
        if not getattr(request.user, "is_researcher", False):
            groups = self.navigation(request)
            return redirect(groups[0].links[0].url if groups else "home")
        return super().index(request, {"overview": overview(), **(extra_context or {})})

    def each_context(self, request: Any) -> dict[str, Any]:
        """What every page of the panel needs."""
        return super().each_context(request) | {"navigation": self.navigation(request)}

    def navigation(self, request: HttpRequest) -> list[Group]:
        """The groups with the pages that this person may see."""
        admins = sorted(self._shown(request), key=lambda each: (each.nav_order, each.nav_name))
        groups = []
        for title in GROUPS:
            links = tuple(self._link(request, each) for each in admins if each.nav_group == title)
            if links:
                groups.append(Group(title, links))
        return groups

    def get_urls(self) -> list[URLResolver | URLPattern]:  # type: ignore[override]
        """The panel's own pages beside the models'."""
        own = [path("token/", self.admin_view(researchers_only(tokens.token)), name="token")]
        return [*own, *super().get_urls()]

    def _shown(self, request: HttpRequest) -> Iterable[PanelAdmin]:
        for each in self._registry.values():
            if isinstance(each, PanelAdmin) and each.nav_group and each.has_view_permission(request):
                yield each

    def _link(self, request: HttpRequest, page: PanelAdmin) -> Link:
        url = reverse(f"admin:{page.url_name('changelist')}")
        return Link(page.nav_name, url, request.path.startswith(url))
