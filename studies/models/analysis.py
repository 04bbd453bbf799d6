"""Results: analyses of the long table, and the reports made of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from studies.models.study import ProtocolVersion


class Report(models.Model):
    """One report: the long table as it was then, its analyses, and the files made of them."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="reports")
    run_kinds = models.JSONField(default=list)
    table_sha256 = models.CharField(max_length=64)
    ratings = models.PositiveIntegerField(default=0)
    seed = models.BigIntegerField(default=0)
    files = models.JSONField(default=dict, help_text="Kind of file to its name in the file storage.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Report {self.pk} of {self.version}"


class Analysis(models.Model):
    """One analysis of one report, as data."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="analyses")
    name = models.CharField(max_length=64)
    is_primary = models.BooleanField(default=False)
    parameters = models.JSONField(default=dict)
    result = models.JSONField()

    class Meta:
        ordering = ("report_id", "id")
        verbose_name_plural = "analyses"
        constraints = [models.UniqueConstraint(fields=["report", "name"], name="analysis_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.report}"
