"""What readers answered: rows that are only ever added."""

from __future__ import annotations

from django.db import models

from studies.models.reader import Session
from studies.models.trial import Trial


class Response(models.Model):
    """One answer to one step of a trial; a change is a new revision, the first is kept.

    Database triggers refuse change and deletion.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="responses")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="responses")
    step = models.CharField(max_length=32, help_text="The step's name, for example initial.")
    revision = models.PositiveSmallIntegerField(default=1)
    key = models.UUIDField(unique=True, help_text="Drawn by the browser; the same answer sent twice is stored once.")
    answers = models.JSONField()
    client = models.JSONField(default=dict, blank=True, help_text="The browser's clock, active time and viewer.")
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("trial_id", "id")
        constraints = [models.UniqueConstraint(fields=["trial", "step", "revision"], name="revision_once")]

    def __str__(self) -> str:
        return f"{self.trial} {self.step} r{self.revision}"
