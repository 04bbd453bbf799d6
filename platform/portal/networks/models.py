"""Networks under study: a registered architecture with weights that are data, never code."""

from __future__ import annotations

from django.db import models


class NetworkTask(models.TextChoices):
    """What a network puts out."""

    CLASSIFICATION = "classification", "Classification"
    SEGMENTATION = "segmentation", "Segmentation"


class Network(models.Model):
    """A registered architecture, its keyword arguments, its preprocessing and its weights."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    task = models.CharField(max_length=16, choices=NetworkTask.choices)
    architecture = models.CharField(max_length=100)
    arguments = models.JSONField(default=dict, blank=True)
    classes = models.JSONField(default=list, help_text="Names of the classes or channels.")
    target_class = models.PositiveIntegerField(default=1, help_text="The class or channel that is explained.")
    preprocessing = models.JSONField(default=dict, help_text="Size, channels, range, mean and s.d.")
    layer = models.CharField(
        max_length=200, blank=True, help_text="Target layer of CAM methods; empty for the default."
    )
    weights = models.CharField(max_length=200, help_text="Name of the safetensors file in the file storage.")
    weights_sha256 = models.CharField(max_length=64)
    performance = models.JSONField(default=dict, blank=True, help_text="Measured on unseen cases, with intervals.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title
