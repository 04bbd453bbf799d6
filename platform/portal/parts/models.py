"""What the web may know of the registered parts without importing them (they may need torch)."""

from __future__ import annotations

from django.db import models


class Part(models.Model):
    """Facts and parameters of one registered method, metric, analysis, task or design."""

    family = models.CharField(max_length=32)
    name = models.CharField(max_length=64)
    title = models.CharField(max_length=128)
    reference = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    parameters = models.JSONField(default=list, help_text="Name, kind, default, optional, choices and help of each.")

    class Meta:
        ordering = ("family", "name")
        constraints = [models.UniqueConstraint(fields=["family", "name"], name="part_once")]

    def __str__(self) -> str:
        return self.title
