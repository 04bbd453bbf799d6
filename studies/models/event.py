"""What the browser tells of a trial while it is read: batches of events that are only ever added."""

from __future__ import annotations

from django.db import models

from studies.models.trial import Trial


class EventBatch(models.Model):
    """Events of one page of one trial, in the order of their sequence numbers; a missing number is a gap.

    Database triggers refuse change and deletion. Times within are milliseconds of the browser's clock since that page
    began; `received_at` is the server's.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="event_batches")
    page = models.UUIDField(help_text="Drawn by the browser for each load of the page.")
    seq = models.PositiveIntegerField(help_text="The batch's place on its page, from 0.")
    step = models.CharField(max_length=32, blank=True, help_text="The step that the page asked.")
    events = models.JSONField()
    is_last = models.BooleanField(default=False, help_text="The browser was leaving the page.")
    is_late = models.BooleanField(default=False, help_text="Received long after the trial was answered.")
    overlay_shown = models.BooleanField(default=False, help_text="An overlay was on the screen at some time in it.")
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("trial_id", "id")
        verbose_name_plural = "event batches"
        constraints = [models.UniqueConstraint(fields=["trial", "page", "seq"], name="event_batch_once")]

    def __str__(self) -> str:
        return f"{self.trial} events {self.seq}"
