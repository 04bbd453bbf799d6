"""Cases, models and runs for researchers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import User
from portal.api.permissions import IsResearcher
from portal.api.serializers import CaseSerializer, NetworkSerializer, RunSerializer
from portal.catalog.models import Case
from portal.explanations.models import Run
from portal.explanations.services import start_run
from portal.networks.models import Network

RESEARCHERS = (IsAuthenticated, IsResearcher)
DATASET = OpenApiParameter("dataset", OpenApiTypes.STR, description="Only cases of this dataset.")
APPROVAL = OpenApiParameter("approval", OpenApiTypes.STR, enum=["approved", "quarantined", "rejected"])


@extend_schema_view(list=extend_schema(parameters=[DATASET, APPROVAL]))
class CaseViewSet(viewsets.ReadOnlyModelViewSet[Case]):
    """Cases with their images' shapes; filter by `dataset` and `approval`."""

    permission_classes = RESEARCHERS
    serializer_class = CaseSerializer
    queryset = Case.objects.select_related("dataset").prefetch_related("images")

    def get_queryset(self) -> QuerySet[Case]:
        """The cases asked for."""
        chosen = super().get_queryset()
        if dataset := self.request.GET.get("dataset"):
            chosen = chosen.filter(dataset__slug=dataset)
        if approval := self.request.GET.get("approval"):
            chosen = chosen.filter(approval=approval)
        return chosen


class ModelViewSet(viewsets.ReadOnlyModelViewSet[Network]):
    """Registered models."""

    permission_classes = RESEARCHERS
    serializer_class = NetworkSerializer
    queryset = Network.objects.all()
    lookup_field = "slug"


class RunViewSet(
    mixins.CreateModelMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Run]
):
    """Explanation runs; a new one is queued at once, the same plan again resumes the run that is there."""

    permission_classes = RESEARCHERS
    serializer_class = RunSerializer
    queryset = Run.objects.select_related("network", "dataset")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Start a run."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        actor = request.user if isinstance(request.user, User) else None
        run = start_run(**asked.validated_data, actor=actor)
        return Response(self.get_serializer(run).data, status=201)
