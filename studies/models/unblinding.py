"""The act of looking behind the arms' letters: asked with a reason, confirmed, never taken back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from studies.models.study import Study


class Unblinding(models.Model):
    """One request to tell analysts the methods; they are told from the moment it is confirmed."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="unblindings")
    rule = models.CharField(max_length=16, help_text="What the protocol in force asked for.")
    reason = models.CharField(max_length=300)
    study_state = models.CharField(max_length=16, help_text="How far the study was when it was asked.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_role = models.CharField(max_length=16, blank=True)
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    confirmed_role = models.CharField(max_length=16, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["study"], condition=Q(declined_at=None), name="unblinding_once"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(declined_at=None), name="unblinding_confirmed_or_declined"
            ),
        ]

    def __str__(self) -> str:
        return f"Unblinding of {self.study}"
