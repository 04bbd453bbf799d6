"""The audit trail: entries that are only ever added, each sealed with the hash of the one before."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Entry(models.Model):
    """One act: who did what to which thing, when, and in which detail; database triggers refuse change and deletion."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    actor_label = models.CharField(max_length=254, help_text="How the actor was called then; 'system' for commands.")
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=128, help_text="Kind and identity of the thing, for example study:12.")
    detail = models.JSONField(default=dict, blank=True)
    previous_hash = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label} {self.action} {self.subject}"


class Erasure(models.Model):
    """A row of an append-only table that a person's wish took away: the only rows whose deletion triggers let pass.

    Triggers of other tables name this one, so SQLite cannot rebuild it while they stand: leave its columns alone.
    """

    relation = models.CharField(max_length=64, help_text="The table.")
    row = models.BigIntegerField()
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="erasures")

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=["relation", "row"], name="erased_once")]

    def __str__(self) -> str:
        return f"{self.relation} {self.row}"
