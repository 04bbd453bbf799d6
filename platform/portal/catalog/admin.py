"""Cases in the panel: looked at, let through or kept out, and read with all that was made of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.accounts.models import User
from portal.catalog.models import Approval, Case, Dataset, Image
from portal.catalog.selectors import waiting_cases
from portal.catalog.services import approve_case, reject_case
from portal.panel.admins import PanelAdmin, actor_of, attempt
from portal.panel.case_pages import case_page, slices_of
from portal.panel.pictures import mask_picture, plain_picture

MOST_AT_ONCE = 60
PER_PAGE = 24


class PhantomFilter(admin.BooleanFieldListFilter):
    """Phantoms or patients."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "phantom"


@admin.register(Case)
class CaseAdmin(PanelAdmin):
    """Cases, with quarantine and the page of one case."""

    nav_group, nav_title, nav_order = "Material", "Cases", 10
    list_display = ("thumbnail", "slug", "dataset", "shown_approval", "modality", "kind", "truth")
    list_display_links = ("slug",)
    list_filter = ("dataset", "approval", ("is_phantom", PhantomFilter))
    search_fields = ("slug", "patient", "dataset__title", "quarantine_reason")
    search_help_text = "A case's or a patient's pseudonym, a dataset, or a reason for quarantine."
    list_select_related = ("dataset",)
    list_per_page = 30
    change_list_template = "portal/panel/case_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        """With images and what is true of each."""
        cases: QuerySet[Case] = super().get_queryset(request)
        return cases.prefetch_related("images", "reference_standards")

    def own_pages(self) -> list[URLPattern]:
        """Pictures, quarantine, and the page of a case."""
        return [
            self.page("quarantine/", self.quarantine, "quarantine"),
            self.page("quarantine/together/", self.together, "together", methods=("GET", "POST")),
            self.page("importing/", self.importing, "importing"),
            self.page("picture/<int:pk>.png", self.thumbnail_view, "thumbnail", cacheable=True),
            self.page("truth/<int:pk>.png", self.truth_view, "truth", cacheable=True),
            self.page("<int:pk>/change/", self.case, "change"),
            self.page("<int:pk>/approve/", self.approve, "approve", methods=("POST",)),
            self.page("<int:pk>/reject/", self.reject, "reject", methods=("POST",)),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, with how many wait."""
        return super().changelist_view(request, {"waiting": waiting_cases().count(), **(extra_context or {})})

    def case(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One case with its maps, metrics and, from the floor above, ratings side by side."""
        case = self.found(pk)
        slices = [(image, slices_of(image)) for image in case.images.all() if image.slices > 1]
        return self.show(request, "portal/panel/case.html", case.slug, case=case, page=case_page(case), slices=slices)

    def quarantine(self, request: HttpRequest) -> HttpResponse:
        """Everything that waits, large enough to find text in it."""
        cases = waiting_cases().prefetch_related("images")
        page = Paginator(cases, PER_PAGE).get_page(request.GET.get("page"))
        return self.show(request, "portal/panel/quarantine.html", "Quarantine", page=page)

    def together(self, request: HttpRequest) -> HttpResponse:
        """Approve several cases, each of whose images stands on the page that is confirmed."""
        chosen = request.POST if request.method == "POST" else request.GET
        keys = [int(key) for key in chosen.getlist("case") if key.isdecimal()]
        cases = list(waiting_cases().filter(pk__in=keys[:MOST_AT_ONCE]).prefetch_related("images"))
        if not cases:
            messages.info(request, "Tick the cases first that you want to look at together.")
            return redirect(self.url("quarantine"))
        if request.method == "POST":
            if request.POST.get("looked") == "yes":
                done = f"{len(cases)} cases are approved." if len(cases) > 1 else "One case is approved."
                attempt(request, lambda: _approve_all(cases, actor_of(request)), done)
                return redirect(self.url("quarantine"))
            messages.error(request, "Confirm that you have looked at every image.")
        shown = [(case, [(image, slices_of(image)) for image in case.images.all()]) for case in cases]
        trail = [("Quarantine", self.url("quarantine"))]
        return self.show(request, "portal/panel/together.html", "Approve together", cases=shown, trail=trail)

    def importing(self, request: HttpRequest) -> HttpResponse:
        """How cases come in."""
        return self.show(request, "portal/panel/importing.html", "Bringing in cases")

    def approve(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let readers see a case."""
        case = self.found(pk)
        attempt(request, lambda: approve_case(case=case, actor=actor_of(request)), f"{case.slug} is approved.")
        return self._back(request, case)

    def reject(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keep a case from readers."""
        case, reason = self.found(pk), request.POST.get("reason", "").strip()[:300]
        attempt(
            request,
            lambda: reject_case(case=case, actor=actor_of(request), reason=reason),
            f"{case.slug} is rejected; no reader will see it.",
        )
        return self._back(request, case)

    def thumbnail_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """An image's picture."""
        return plain_picture(request, _image(pk))

    def truth_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The first image of a reference standard's case, with the mask over it."""
        image = _image(pk)
        standard = image.case.reference_standards.exclude(mask="").first()
        if standard is None or image.index != 0:
            raise Http404
        return mask_picture(request, image, standard.mask)

    def _back(self, request: HttpRequest, case: Case) -> HttpResponse:
        to_quarantine = request.POST.get("back") == "quarantine"
        return redirect(self.url("quarantine") if to_quarantine else self.url("change", case.pk))

    @admin.display(description="image")
    def thumbnail(self, case: Case) -> SafeString | str:
        """A small picture."""
        image = next(iter(case.images.all()), None)
        if image is None:
            return "–"
        address = reverse("admin:catalog_case_thumbnail", args=[image.pk])
        return format_html('<img src="{}?side=96" alt="" width="72" height="72" loading="lazy">', address)

    @admin.display(description="approval", ordering="approval")
    def shown_approval(self, case: Case) -> SafeString:
        """Its approval, coloured."""
        return format_html('<span class="state {}">{}</span>', case.approval, case.get_approval_display())

    @admin.display(description="kind", ordering="is_phantom")
    def kind(self, case: Case) -> str:
        """Phantoms are labelled as such wherever they show."""
        return "Phantom" if case.is_phantom else "Patient"

    @admin.display(description="reference standard")
    def truth(self, case: Case) -> str:
        """What is known to be true of it."""
        said = [
            f"{each.name}: {'unknown' if each.label is None else 'present' if each.label else 'absent'}"
            for each in case.reference_standards.all()
        ]
        return "; ".join(said) or "–"


@admin.register(Dataset)
class DatasetAdmin(PanelAdmin):
    """Where cases came from."""

    nav_group, nav_title, nav_order = "Material", "Datasets", 15
    intro = "Collections of cases that came from one place. They begin with the import of their first cases."
    list_display = ("title", "slug", "size", "waiting", "is_phantom", "licence", "created_at")
    search_fields = ("title", "slug", "source")
    fields = ("title", "slug", "description", "source", "licence", "is_phantom", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        """With the number of cases."""
        datasets: QuerySet[Dataset] = super().get_queryset(request)
        waiting = Count("cases", filter=Q(cases__approval=Approval.QUARANTINED))
        return datasets.annotate(size=Count("cases"), waiting=waiting)

    @admin.display(description="cases", ordering="size")
    def size(self, dataset: Any) -> SafeString:
        """How many cases it has, with the way to them."""
        address = reverse("admin:catalog_case_changelist")
        return format_html('<a href="{}?dataset__id__exact={}">{}</a>', address, dataset.pk, dataset.size)

    @admin.display(description="in quarantine", ordering="waiting")
    def waiting(self, dataset: Any) -> int:
        """How many wait for a person."""
        return int(dataset.waiting)


@transaction.atomic
def _approve_all(cases: list[Case], actor: User) -> None:
    for case in cases:
        approve_case(case=case, actor=actor)


def _image(pk: int) -> Image:
    image = Image.objects.select_related("case").filter(pk=pk).first()
    if image is None:
        raise Http404
    return image
