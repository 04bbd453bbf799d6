"""A study, the versions of its protocol, and what its readers are shown."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.catalog.models import Case
from portal.explanations.models import Explanation
from portal.networks.models import Network


class StudyState(models.TextChoices):
    """A study's life; it only goes forward."""

    DRAFT = "draft", "Draft"
    LOCKED = "locked", "Locked"
    LIVE = "live", "Live"
    CLOSED = "closed", "Closed"


class Study(models.Model):
    """A question put to readers."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=StudyState.choices, default=StudyState.DRAFT)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="studies"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.title


class ProtocolVersion(models.Model):
    """One version of a study's protocol; frozen under its hash from the moment it is locked."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    source = models.TextField(help_text="The protocol as it was written, in YAML.")
    document = models.JSONField(help_text="The protocol with every default filled in.")
    hash = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the document's canonical JSON.")
    stimuli_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 over all stimuli, set by locking.")
    code_version = models.CharField(max_length=64, blank=True)
    certificate = models.JSONField(
        default=dict, blank=True, help_text="The balance of the planned schedule and the sample of cases, by locking."
    )
    lock_hash = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 over protocol, stimuli, analysis plan, exclusion rules, certificate and code, by locking.",
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why this version followed the one before.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    locked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("study_id", "-number")
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"{self.study} v{self.number}"


class PowerEstimate(models.Model):
    """The power of a version's very design, simulated over a grid of readers and cases."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="power_estimates")
    protocol_hash = models.CharField(max_length=64, help_text="Of the document that was simulated.")
    result = models.JSONField(help_text="The assumptions, the grid's points and the chosen one.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Power of {self.version}"


class ArmKind(models.TextChoices):
    """What a reader is given beside the image."""

    UNAIDED = "unaided", "Image alone"
    AI = "ai", "Image and the AI's output"
    EXPLAINED = "explained", "Image, the AI's output and its map"


class Arm(models.Model):
    """One condition: a network with one method's maps, or no map; readers and analysts know it by its code."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="arms")
    code = models.CharField(max_length=4, help_text="A blinded letter, drawn by lot.")
    kind = models.CharField(max_length=16, choices=ArmKind.choices)
    network = models.ForeignKey(Network, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=64, blank=True, help_text="The explanation's label; empty without a map.")
    is_control = models.BooleanField(default=False)

    class Meta:
        ordering = ("version_id", "code")
        constraints = [
            models.UniqueConstraint(fields=["version", "code"], name="arm_code_once"),
            models.UniqueConstraint(fields=["version", "kind", "network", "label"], name="arm_once"),
        ]

    def __str__(self) -> str:
        return f"Arm {self.code}"

    @property
    def method(self) -> str:
        """The method as a protocol names it: the explanation's label, or what stands for an arm without one."""
        return self.label or ("unaided" if self.kind == ArmKind.UNAIDED else "none")

    @property
    def key(self) -> str:
        """The arm as a protocol's block names it."""
        return f"{self.network.slug if self.network else ''}/{self.method}"


class Stimulus(models.Model):
    """One case in one arm, with the very bytes that its readers are shown as the map."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="stimuli")
    arm = models.ForeignKey(Arm, on_delete=models.CASCADE, related_name="stimuli")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="stimuli")
    explanation = models.ForeignKey(
        Explanation, null=True, blank=True, on_delete=models.PROTECT, related_name="stimuli"
    )
    display = models.CharField(max_length=64, blank=True, help_text="Content hash of the displayed uint8 map.")
    display_record = models.JSONField(default=dict, blank=True, help_text="How the map was made fit for display.")
    prepared = models.JSONField(
        default=dict, blank=True, help_text="{block: what its task needs to know of this case in this arm}"
    )

    class Meta:
        ordering = ("version_id", "case_id", "arm_id")
        verbose_name_plural = "stimuli"
        constraints = [models.UniqueConstraint(fields=["arm", "case"], name="stimulus_once")]

    def __str__(self) -> str:
        return f"{self.case} in {self.arm}"
