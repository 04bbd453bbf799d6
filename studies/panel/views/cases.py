"""Case review: every arm's map side by side with its metrics and what readers said."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from portal.catalog.models import Case, Image
from portal.catalog.pictures import overlay_of, thumbnail_of
from portal.storage import get_array
from studies.blinding.analysts import methods_named
from studies.models import ProtocolVersion, Stimulus, Study
from studies.panel.pages import COUNTED, address, kinds_asked_for, show_study, study_or_404, version_asked_for
from studies.panel.review import case_review, case_rows

SIDE, SMALL = 420, 200


def cases(request: HttpRequest, pk: int) -> HttpResponse:
    """The cases of a study."""
    study = study_or_404(pk)
    version = version_asked_for(request, study)
    kinds = kinds_asked_for(request)
    rows = case_rows(version, kinds) if version else []
    context = {"version": version, "rows": rows, **_shared(request, study, kinds)}
    return show_study(request, study, "cases.html", "Cases", context)


def case(request: HttpRequest, pk: int, case: int) -> HttpResponse:
    """One case: arms by their codes until an unblinding is confirmed."""
    study = study_or_404(pk)
    version = _version(request, study)
    found = get_object_or_404(Case.objects.filter(stimuli__version=version).distinct(), pk=case)
    kinds = kinds_asked_for(request)
    review = case_review(version, found, kinds, methods_named(study))
    shared = _shared(request, study, kinds)
    trail = [(study.title, address("change", pk)), ("Cases", address("cases", pk))]
    context = {"version": version, "review": review, "trail": trail, **shared, **_neighbours(version, found)}
    return show_study(request, study, "case.html", f"Case {found.slug}", context)


def picture(request: HttpRequest, pk: int, case: int) -> HttpResponse:
    """The case's image alone."""
    shown = Image.objects.filter(case__stimuli__version__study_id=pk).distinct()
    image = get_object_or_404(shown, case_id=case, index=0)
    return _png(thumbnail_of(image, side=SMALL if "small" in request.GET else SIDE))


def overlay(request: HttpRequest, pk: int, stimulus: int) -> HttpResponse:
    """The image under the very bytes that readers were shown."""
    found = get_object_or_404(
        Stimulus.objects.select_related("version", "case").exclude(display=""), pk=stimulus, version__study_id=pk
    )
    image = get_object_or_404(Image, case=found.case, index=0)
    sign = found.version.document["presentation"]["sign"]
    return _png(overlay_of(image, get_array(found.display), sign, side=SIDE))


def _png(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="image/png")


def _version(request: HttpRequest, study: Study) -> ProtocolVersion:
    version = version_asked_for(request, study)
    if version is None:
        raise Http404
    return version


def _shared(request: HttpRequest, study: Study, kinds: list[str]) -> dict[str, object]:
    query = request.GET.urlencode()
    return {
        "named": methods_named(study),
        "kinds": [(kind.value, kind.label, kind in kinds) for kind in COUNTED],
        "query": f"?{query}" if query else "",
    }


def _neighbours(version: ProtocolVersion, found: Case) -> dict[str, Case | None]:
    shown = Case.objects.filter(stimuli__version=version).distinct()
    return {
        "before": shown.filter(slug__lt=found.slug).order_by("-slug").first(),
        "after": shown.filter(slug__gt=found.slug).order_by("slug").first(),
    }
