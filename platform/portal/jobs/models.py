"""Long work: the row is the truth, the broker only a bell."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Job(models.Model):
    """One piece of work, named by `kind`, safe to run twice; `work_key` keeps it from being queued twice."""

    kind = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    work_key = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0, help_text="Steps finished.")
    total = models.PositiveIntegerField(default=0, help_text="Steps in all; 0 while unknown.")
    message = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.work_key} ({self.state})"

    @property
    def fraction(self) -> float:
        """Share of the steps that are finished, 0 to 1."""
        return self.done / self.total if self.total else 0.0
