"""What readers filled in without a case: rows that are only ever added."""

from __future__ import annotations

from django.db import models

from studies.models.reader import Enrolment, Session


class QuestionnaireResponse(models.Model):
    """One questionnaire as a reader filled it in, once; `attempt` counts where several are allowed.

    Database triggers refuse change and deletion.
    """

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="questionnaire_responses")
    session = models.ForeignKey(
        Session, null=True, blank=True, on_delete=models.PROTECT, related_name="questionnaire_responses"
    )
    place = models.CharField(max_length=16, help_text="start, after-block or end.")
    block = models.CharField(max_length=64, blank=True, help_text="The block it came after, if any.")
    questionnaire = models.CharField(max_length=64)
    version = models.PositiveSmallIntegerField(help_text="Of the questionnaire that comes with the code.")
    wording = models.CharField(max_length=64, help_text="SHA-256 of the words that were shown.")
    language = models.CharField(max_length=8, help_text="The page's language.")
    order = models.JSONField(default=list, help_text="The items' names in the order they were shown in.")
    attempt = models.PositiveSmallIntegerField(default=1)
    key = models.UUIDField(unique=True, help_text="Drawn by the browser; the same form sent twice is stored once.")
    answers = models.JSONField(default=dict)
    outcome = models.JSONField(default=dict, blank=True, help_text="What followed: passed, seen, flag.")
    client = models.JSONField(default=dict, blank=True, help_text="The browser's clock.")
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("enrolment_id", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "place", "block", "questionnaire", "attempt"], name="questionnaire_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire} of {self.enrolment} ({self.place})"
