"""Readers and how they come to a study: invitation, enrolment, sessions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from studies.models.study import ProtocolVersion, Study


class RunKind(models.TextChoices):
    """What an enrolment counts as; kinds are never mixed in a table without being asked."""

    PREVIEW = "preview", "Preview"
    BOT = "bot", "Simulated reader"
    PILOT = "pilot", "Pilot"
    LIVE = "live", "Live"


class Invitation(models.Model):
    """A way in, for one person, once, for a while; only the hash of its token is kept."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)
    note = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=8, blank=True, help_text="Of the e-mail and of the first page.")
    run_kind = models.CharField(max_length=16, choices=RunKind.choices, default=RunKind.LIVE)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When the link was last sent by e-mail.")
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Invitation {self.pk} to {self.study}"


class Reader(models.Model):
    """A person within a study, under a pseudonym; ratings know nothing else of them."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="readers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reader_roles",
        help_text="The person; erasure cuts this link.",
    )
    pseudonym = models.CharField(max_length=32)
    profile = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("study_id", "pseudonym")
        constraints = [
            models.UniqueConstraint(fields=["study", "pseudonym"], name="pseudonym_once"),
            models.UniqueConstraint(fields=["study", "user"], name="reader_once"),
        ]

    def __str__(self) -> str:
        return self.pseudonym


class EnrolmentState(models.TextChoices):
    """How far a reader has come."""

    ENROLLED = "enrolled", "Enrolled"
    CONSENTED = "consented", "Consented"
    COMPLETED = "completed", "Completed"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Leaving(models.TextChoices):
    """How a reader left, and what became of their answers."""

    KEPT = "kept", "Withdrew, answers kept without a name"
    ERASED = "erased", "Withdrew, answers erased"
    SCREENED = "screened", "Did not pass the comprehension check"


class Enrolment(models.Model):
    """A reader taking one version of a protocol, on one slot of its design."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="enrolments")
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="enrolments")
    run_kind = models.CharField(max_length=16, choices=RunKind.choices, default=RunKind.LIVE)
    slot = models.PositiveIntegerField(help_text="Which row of the design this reader follows.")
    state = models.CharField(max_length=16, choices=EnrolmentState.choices, default=EnrolmentState.ENROLLED)
    consent_version = models.CharField(max_length=32, blank=True)
    consent_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the text that was agreed to.")
    consented_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    leaving = models.CharField(max_length=16, choices=Leaving.choices, blank=True)
    released_at = models.DateTimeField(
        null=True, blank=True, help_text="When the slot was given to somebody else, nothing having come for too long."
    )

    class Meta:
        ordering = ("version_id", "run_kind", "slot")
        constraints = [
            models.UniqueConstraint(fields=["version", "reader", "run_kind"], name="enrolment_once"),
            models.UniqueConstraint(
                fields=["version", "run_kind", "slot"],
                condition=~Q(state="withdrawn") & Q(released_at__isnull=True),
                name="slot_taken_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reader} in {self.version}"


class Session(models.Model):
    """One sitting of a reader at one device."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="sessions")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    environment = models.JSONField(default=dict, blank=True, help_text="Viewer back-end, pixel ratio, canvas size...")

    class Meta:
        ordering = ("enrolment_id", "number")
        constraints = [models.UniqueConstraint(fields=["enrolment", "number"], name="session_once")]

    def __str__(self) -> str:
        return f"{self.enrolment} session {self.number}"


class ReminderKind(models.TextChoices):
    """What a reader is reminded of."""

    READY = "ready", "The next session is open"
    CLOSING = "closing", "The next session closes soon"
    IDLE = "idle", "Nothing has come for a while"


class Reminder(models.Model):
    """One e-mail to one reader for one reason; the row stands before it is sent, so that none is sent twice."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=16, choices=ReminderKind.choices)
    since = models.DateTimeField(help_text="The reader's last answer (or enrolment) that the reminder counts from.")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=["enrolment", "kind", "since"], name="reminder_once")]

    def __str__(self) -> str:
        return f"Reminder ({self.kind}) of {self.enrolment}"
