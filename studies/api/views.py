"""Studies and responses for researchers; a reader's own trials for that reader."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from portal.accounts.models import User
from portal.api.views import RESEARCHERS
from studies.api.serializers import ResponseSerializer, StudySerializer, TrialSerializer
from studies.models import Response, RunKind, Study, Trial, TrialState
from studies.services.ask_report import check_kinds
from studies.services.export import export_bytes

KINDS = OpenApiParameter(
    "include", OpenApiTypes.STR, description="Kinds of run, separated by commas; live where it is left out."
)


def asked_kinds(request: Request) -> list[str]:
    """The kinds of run that a call names, checked."""
    kinds = [kind for kind in request.GET.get("include", RunKind.LIVE).split(",") if kind]
    check_kinds(kinds)
    return kinds


class StudyViewSet(viewsets.ReadOnlyModelViewSet[Study]):
    """Studies, and each one's long table."""

    permission_classes = RESEARCHERS
    serializer_class = StudySerializer
    lookup_field = "slug"
    queryset = (
        Study.objects.prefetch_related("versions")
        .annotate(
            reader_count=Count("readers", distinct=True),
            response_count=Count("versions__enrolments__trials__responses", distinct=True),
        )
        .order_by("-id")
    )

    @extend_schema(
        parameters=[KINDS],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="One row a rating.")},
    )
    @action(detail=True, filter_backends=[], pagination_class=None)
    def export(self, request: Request, slug: str) -> HttpResponse:
        """The long table as CSV: one row a rating, with the metrics of the map that was rated."""
        version = self.get_object().versions.latest("number")
        actor = request.user if isinstance(request.user, User) else None
        body = export_bytes(version=version, run_kinds=asked_kinds(request), actor=actor)
        return HttpResponse(
            body, content_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{slug}.csv"'}
        )


@extend_schema_view(list=extend_schema(parameters=[KINDS, OpenApiParameter("study", OpenApiTypes.STR)]))
class ResponseViewSet(viewsets.ReadOnlyModelViewSet[Response]):
    """Stored answers, read-only; filter by `study` and `include`."""

    permission_classes = RESEARCHERS
    serializer_class = ResponseSerializer
    queryset = Response.objects.select_related(
        "trial__enrolment__reader", "trial__enrolment__version__study", "trial__case", "trial__arm"
    )

    def get_queryset(self) -> QuerySet[Response]:
        """Answers of the kinds asked for, live ones where none is named."""
        chosen = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return chosen
        chosen = chosen.filter(trial__enrolment__run_kind__in=asked_kinds(self.request))
        study = self.request.GET.get("study")
        return chosen.filter(trial__enrolment__version__study__slug=study) if study else chosen


class TrialViewSet(viewsets.ReadOnlyModelViewSet[Trial]):
    """The caller's own trials that have been reached; nobody else's."""

    permission_classes = (IsAuthenticated,)
    serializer_class = TrialSerializer
    lookup_field = "token"
    queryset = Trial.objects.select_related("enrolment__version__study").prefetch_related("responses")

    def get_queryset(self) -> QuerySet[Trial]:
        """Trials of the signed-in reader, whatever their role."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        mine = Q(enrolment__reader__user=self.request.user)
        return super().get_queryset().filter(mine).exclude(state=TrialState.PENDING)
