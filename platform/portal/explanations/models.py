"""Explanation runs: predictions, saliency maps with their provenance, and the maps' scores."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.catalog.models import Dataset, Image
from portal.networks.models import Network


class Prediction(models.Model):
    """What a network says of an image: probabilities of the classes, or a mask."""

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="predictions")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="predictions")
    weights_sha256 = models.CharField(max_length=64)
    predicted = models.IntegerField(help_text="The class with the highest output; for a segmenter 1 if it found any.")
    probability = models.FloatField(help_text="Of the target class; for a segmenter the highest in the image.")
    outputs = models.JSONField(default=list, help_text="Raw logits of a classifier.")
    mask = models.CharField(max_length=64, blank=True, help_text="Content hash of a segmenter's (rows, columns) mask.")
    dice = models.FloatField(null=True, blank=True, help_text="Against the reference mask, where both exist.")

    class Meta:
        ordering = ("network_id", "image_id")
        constraints = [
            models.UniqueConstraint(fields=["network", "image", "weights_sha256"], name="prediction_once"),
        ]

    def __str__(self) -> str:
        return f"{self.network} on {self.image}"


class Run(models.Model):
    """A plan: these methods (and metrics) for this network on this dataset."""

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="runs")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="runs")
    methods = models.JSONField(default=list, help_text="[{label, method, parameters}]")
    metrics = models.JSONField(default=list, help_text="[{label, metric, parameters}]")
    displayed = models.JSONField(
        default=dict, blank=True, help_text="{presentation: [labels of the metrics that judge maps so presented]}"
    )
    seed = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.network} on {self.dataset}"


class Explanation(models.Model):
    """The record of one saliency map; `key` is the hash of everything that decides its values."""

    key = models.CharField(max_length=64, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="explanations")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="explanations")
    method = models.CharField(max_length=64, db_index=True)
    method_version = models.CharField(max_length=16)
    label = models.CharField(max_length=64, help_text="The method, or the name a run gave to it.")
    parameters = models.JSONField(default=dict)
    target = models.JSONField(default=dict, help_text="{kind: class|region, index or channel, ...}")
    is_control = models.BooleanField(default=False)
    truth_derived = models.BooleanField(default=False)
    seed = models.BigIntegerField(default=0)
    array = models.CharField(max_length=64, help_text="Content hash of the raw float32 map (rows, columns).")
    seconds = models.FloatField(help_text="Time spent on this map.")
    warning = models.CharField(max_length=300, blank=True)
    provenance = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("image_id", "network_id", "label")
        indexes = [models.Index(fields=["network", "image", "label"])]

    def __str__(self) -> str:
        return f"{self.label} of {self.network} on {self.image}"


class Presentation(models.TextChoices):
    """Which form of a map was scored: as its method made it, or as readers are shown it (mode and sign rule)."""

    RAW = "raw", "Raw map"
    NATIVE_POSITIVE = "native-positive", "As shown: native, positive part"
    NATIVE_ABSOLUTE = "native-absolute", "As shown: native, magnitude"
    NATIVE_SIGNED = "native-signed", "As shown: native, signed"
    HARMONISED_POSITIVE = "harmonised-positive", "As shown: harmonised, positive part"
    HARMONISED_ABSOLUTE = "harmonised-absolute", "As shown: harmonised, magnitude"
    HARMONISED_SIGNED = "harmonised-signed", "As shown: harmonised, signed"


class Score(models.Model):
    """One metric of one map; a null value is undefined, for the reason given."""

    explanation = models.ForeignKey(Explanation, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=64)
    label = models.CharField(max_length=64)
    metric_version = models.CharField(max_length=16)
    parameters = models.JSONField(default=dict)
    presentation = models.CharField(max_length=32, choices=Presentation.choices, default=Presentation.RAW)
    shown = models.CharField(
        max_length=64, blank=True, help_text="Content hash of the shown bytes that were scored; empty for a raw map."
    )
    seed = models.BigIntegerField(default=0)
    value = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="Why the value is undefined.")
    standard_error = models.FloatField(
        null=True, blank=True, help_text="Monte Carlo standard error of the value, where the metric draws at random."
    )
    controls = models.JSONField(
        default=dict,
        blank=True,
        help_text="{name: {value, standard_error, reason}} of maps made like this one that explain nothing.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("explanation_id", "label")
        constraints = [
            models.UniqueConstraint(fields=["explanation", "label", "presentation"], name="score_once"),
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.explanation_id}"

    @property
    def control_values(self) -> tuple[float | None, float | None]:
        """What the blur-matched and the random control would score on average; None where there is none."""
        blurred, random = (self.controls.get(kind, {}).get("value") for kind in ("blur-matched", "random"))
        return blurred, random


class Alteration(models.Model):
    """An image with one region replaced, and what a network says of it: a question put to the network itself."""

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="alterations")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="alterations")
    weights_sha256 = models.CharField(max_length=64)
    fill = models.CharField(max_length=16, help_text="What stands in the region: tissue or blur.")
    seed = models.BigIntegerField(default=0)
    box = models.JSONField(help_text="Left, top, right, bottom in pixels; right and bottom are not part of it.")
    array = models.CharField(max_length=64, help_text="Content hash of the altered pixels.")
    before = models.FloatField(help_text="Probability of the target class in the image as it is.")
    after = models.FloatField(help_text="The same in the altered image.")
    predicted = models.IntegerField(help_text="The call on the altered image.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("network_id", "image_id", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["network", "image", "weights_sha256", "fill", "seed"], name="alteration_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fill} in {self.image} by {self.network}"
