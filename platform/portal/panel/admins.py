"""What the panel's pages share: who may see them, that lists are read-only, and pages of one's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from portal.accounts.models import User

View = Callable[..., HttpResponse]


def researchers_only(view: View) -> View:
    """The view, for researchers and administrators; a coordinator is told that it is not theirs."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not getattr(request.user, "is_researcher", False):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


class PanelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """A model in the panel: researchers read it, and act on it by pages that call services.

    `nav_group` (one of `portal.panel.site.GROUPS`) puts its list into the navigation, `nav_title` names it there,
    `intro` is the sentence under the list's title. Rows are never added, changed or deleted by the stock forms;
    `own_pages` gives the pages that do, made with `page`.
    """

    nav_group = ""
    nav_title = ""
    nav_order = 50
    intro = ""
    actions = None
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    view_on_site = False

    @property
    def nav_name(self) -> str:
        """What the navigation and the list's title say."""
        return self.nav_title or str(self.opts.verbose_name_plural).capitalize()

    def may_use(self, user: User) -> bool:
        """Who sees these pages at all."""
        return user.is_researcher

    def has_module_permission(self, request: HttpRequest) -> bool:
        """It may be named in the navigation."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever may use these pages."""
        return isinstance(request.user, User) and self.may_use(request.user)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Services add, by pages of their own."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Services change, by pages of their own."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nothing is deleted here."""
        return False

    def own_pages(self) -> list[URLPattern]:
        """Pages beyond the list and the record; they come first, and so may replace the record's page."""
        return []

    def get_urls(self) -> list[URLPattern]:
        """Our own pages, then the list, the record and its history; nothing that adds or deletes."""
        left_out = {self.url_name("add"), self.url_name("delete")}
        stock = [each for each in super().get_urls() if each.name and each.name not in left_out]
        own = self.own_pages()
        return [*own, *(each for each in stock if each.name not in {page.name for page in own})]

    def url_name(self, page: str) -> str:
        """The name of one of this model's addresses: `catalog_case_approve`; reverse it with `admin:` before it."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def url(self, page: str, *args: Any) -> str:
        """The address of one of this model's pages."""
        return reverse(f"admin:{self.url_name(page)}", args=args)

    def page(
        self, route: str, view: View, name: str, *, methods: tuple[str, ...] = ("GET",), cacheable: bool = False
    ) -> URLPattern:
        """A page of one's own under this model's address, guarded as all others are; `cacheable` sets its own age."""

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            if request.method not in {*methods, *(("HEAD",) if "GET" in methods else ())}:
                return HttpResponseNotAllowed(methods)
            return view(request, *args, **kwargs)

        return path(route, self.admin_site.admin_view(guarded, cacheable), name=self.url_name(name))

    def show(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        """A page with the panel's chrome around it; `trail` may hold `(title, address)` pairs above it."""
        shared = self.admin_site.each_context(request)
        own = {"title": title, "opts": self.opts, "list_title": self.nav_name, "list_url": self.url("changelist")}
        return TemplateResponse(request, template, {**shared, **own, **context})

    def found(self, pk: int | str) -> Any:
        """The record of this key, with what `get_queryset` brings along; 404 where there is none."""
        try:
            return self.model._default_manager.get(pk=pk)
        except (self.model.DoesNotExist, ValueError):
            raise Http404 from None

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, under our title and introduction."""
        context = {"title": self.nav_name, "intro": self.intro, "list_title": self.nav_name, **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The record, under the way back to its list."""
        context = {"list_title": self.nav_name, "list_url": self.url("changelist"), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """A record's history is the audit trail's."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = urlencode({"subject__exact": f"{self.opts.model_name}:{object_id}"})
        return redirect(f"{reverse('admin:audit_entry_changelist')}?{query}")


class AdministratorsOnly(PanelAdmin):
    """A model that administrators alone may see."""

    def may_use(self, user: User) -> bool:
        """Administrators."""
        return user.is_administrator


def attempt(request: HttpRequest, act: Callable[[], object], done: str) -> bool:
    """Call a service for a button: its sentence as a message, `done` where it went well; whether it did."""
    try:
        act()
    except ValueError as error:  # every service's refusals are ValueErrors, and their text is for the person
        messages.error(request, str(error))
        return False
    messages.success(request, done)
    return True


def actor_of(request: HttpRequest) -> User:
    """Who is acting."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
