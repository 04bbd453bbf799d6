"""Cases, their images and the reference standard."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Dataset(models.Model):
    """A collection of cases that came from one place."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="Where the images came from.")
    licence = models.CharField(max_length=200, blank=True)
    is_phantom = models.BooleanField(default=False, help_text="Synthetic images: nobody's body.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title


class Approval(models.TextChoices):
    """Whether a reader may see the case."""

    APPROVED = "approved", "Approved"
    QUARANTINED = "quarantined", "In quarantine"
    REJECTED = "rejected", "Rejected"


class Case(models.Model):
    """One examination of one patient (or one phantom), known by a pseudonym."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="cases")
    slug = models.SlugField(max_length=100, help_text="The case's pseudonym within its dataset.")
    patient = models.CharField(max_length=64, blank=True, help_text="The patient's pseudonym.")
    modality = models.CharField(max_length=16, blank=True)
    body_part = models.CharField(max_length=64, blank=True)
    laterality = models.CharField(max_length=1, blank=True)
    site = models.CharField(max_length=64, blank=True)
    split = models.CharField(max_length=32, blank=True)
    is_phantom = models.BooleanField(default=False)
    attributes = models.JSONField(default=dict, blank=True, help_text="Known covariates: size, contrast, marker...")
    approval = models.CharField(max_length=16, choices=Approval.choices, default=Approval.QUARANTINED, db_index=True)
    quarantine_reason = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("dataset_id", "slug")
        constraints = [models.UniqueConstraint(fields=["dataset", "slug"], name="case_once")]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_approved(self) -> bool:
        """A reader may see it."""
        return self.approval == Approval.APPROVED


class Image(models.Model):
    """Pixels of a case: an array in the store, shaped (slices, rows, columns) or (slices, rows, columns, 3)."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="images")
    index = models.PositiveIntegerField(default=0)
    array = models.CharField(max_length=64, help_text="Content hash of the pixels in the array store.")
    source_sha256 = models.CharField(max_length=64, blank=True, help_text="Hash of the file that was imported.")
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    slices = models.PositiveIntegerField(default=1)
    channels = models.PositiveSmallIntegerField(default=1)
    bits = models.PositiveSmallIntegerField(default=8)
    is_signed = models.BooleanField(default=False)
    photometric = models.CharField(max_length=16, default="MONOCHROME2")
    slope = models.FloatField(default=1.0)
    intercept = models.FloatField(default=0.0)
    row_spacing = models.FloatField(null=True, blank=True, help_text="Millimetres between rows.")
    column_spacing = models.FloatField(null=True, blank=True, help_text="Millimetres between columns.")
    windows = models.JSONField(default=list, blank=True, help_text="[{name, center, width}], the first is the default.")
    tags = models.JSONField(default=dict, blank=True, help_text="The known tags that import let in.")

    class Meta:
        ordering = ("case_id", "index")
        constraints = [models.UniqueConstraint(fields=["case", "index"], name="image_once")]

    def __str__(self) -> str:
        return f"{self.case}/{self.index}"


class ReferenceStandard(models.Model):
    """What is true of a case, from a source outside the study: a label, and where it is a mask."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="reference_standards")
    name = models.CharField(max_length=64, default="finding", help_text="What it is the truth of, for example nodule.")
    label = models.IntegerField(null=True, blank=True, help_text="Class index; 1 means present.")
    mask = models.CharField(max_length=64, blank=True, help_text="Content hash of a (rows, columns) bool array.")
    boxes = models.JSONField(default=list, blank=True, help_text="[[x, y, width, height], ...] in pixels.")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("case_id", "name")
        constraints = [models.UniqueConstraint(fields=["case", "name"], name="reference_standard_once")]

    def __str__(self) -> str:
        return f"{self.case}: {self.name}"
