"""How cases, models and runs are written as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.catalog.models import Case, Dataset, Image
from portal.explanations.models import Run
from portal.jobs.models import Job
from portal.networks.models import Network


class ImageSerializer(serializers.ModelSerializer[Image]):
    """An image's shape and units; never its file's name."""

    class Meta:
        model = Image
        fields = (
            "index",
            "array",
            "rows",
            "columns",
            "slices",
            "channels",
            "bits",
            "photometric",
            "row_spacing",
            "column_spacing",
        )


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case by its pseudonym, with its images."""

    dataset = serializers.CharField(source="dataset.slug", read_only=True)
    images = ImageSerializer(many=True, read_only=True)

    class Meta:
        model = Case
        fields = (
            "id",
            "dataset",
            "slug",
            "modality",
            "body_part",
            "laterality",
            "split",
            "is_phantom",
            "approval",
            "quarantine_reason",
            "attributes",
            "images",
        )


class NetworkSerializer(serializers.ModelSerializer[Network]):
    """A registered model: what it is, its weights' hash and how well it does."""

    class Meta:
        model = Network
        fields = (
            "slug",
            "title",
            "description",
            "task",
            "architecture",
            "arguments",
            "classes",
            "target_class",
            "preprocessing",
            "layer",
            "weights_sha256",
            "performance",
        )


class JobSerializer(serializers.ModelSerializer[Job]):
    """How far the work of a run is."""

    class Meta:
        model = Job
        fields = ("id", "kind", "state", "done", "total", "message", "created_at", "started_at", "finished_at")


class RunSerializer(serializers.ModelSerializer[Run]):
    """A plan: methods and metrics for a model on a dataset, with the state of its jobs."""

    network = serializers.SlugRelatedField(slug_field="slug", queryset=Network.objects.all())
    dataset = serializers.SlugRelatedField(slug_field="slug", queryset=Dataset.objects.all())
    methods = serializers.ListField(child=serializers.JSONField(), help_text="Names, or {name, label, parameters}.")
    metrics = serializers.ListField(child=serializers.JSONField(), required=False)
    jobs = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = ("id", "network", "dataset", "methods", "metrics", "seed", "created_at", "jobs")
        read_only_fields = ("created_at",)

    def get_jobs(self, run: Run) -> list[dict[str, Any]]:
        """The run's jobs, the newest first."""
        keys = [f"explain:{run.pk}", f"score:{run.pk}"]
        return [dict(JobSerializer(job).data) for job in Job.objects.filter(work_key__in=keys)]
