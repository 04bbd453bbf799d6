"""The trials of a reader, drawn and stored before the first one is served."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, Value, When

from portal.catalog.models import Case as ReadCase
from studies.models.reader import Enrolment
from studies.models.study import Arm, Stimulus


class TrialState(models.TextChoices):
    """Where a trial stands; set by the server alone."""

    PENDING = "pending", "Pending"
    OPEN = "open", "Open"
    DONE = "done", "Done"


class Purpose(models.TextChoices):
    """What a trial is for; readers cannot tell, practice apart."""

    ORDINARY = "ordinary", "Ordinary"
    PRACTICE = "practice", "Practice"
    CATCH = "catch", "Catch trial"
    REPEAT = "repeat", "Repeat"
    FOIL = "foil", "Foil"


ANALYSED = (Purpose.ORDINARY, Purpose.REPEAT)
"""What analyses may read; catch trials and foils are of attention, not of methods."""


class Trial(models.Model):
    """One thing a reader is asked to do: a task, a case, and up to four stimuli, of which `stimulus` is the first."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="trials")
    position = models.PositiveIntegerField(help_text="Place in the reader's order, from 0.")
    block = models.CharField(max_length=64)
    task = models.CharField(max_length=64)
    case = models.ForeignKey(ReadCase, on_delete=models.PROTECT, related_name="trials")
    arm = models.ForeignKey(Arm, on_delete=models.PROTECT, related_name="trials")
    stimulus = models.ForeignKey(Stimulus, on_delete=models.PROTECT, related_name="trials")
    occurrence = models.PositiveSmallIntegerField(default=1, help_text="2 and more are repeats.")
    purpose = models.CharField(max_length=16, choices=Purpose.choices, default=Purpose.ORDINARY)
    is_practice = models.GeneratedField(
        expression=Case(When(purpose="practice", then=Value(True)), default=Value(False)),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    period = models.PositiveSmallIntegerField(
        default=1, help_text="Which of the design's sessions it belongs to, from 1; gaps lie between sessions."
    )
    token = models.CharField(max_length=43, unique=True, help_text="Random; all that a reader's browser knows it by.")
    state = models.CharField(max_length=16, choices=TrialState.choices, default=TrialState.PENDING)
    step = models.PositiveSmallIntegerField(default=0, help_text="Which step of the task is next.")
    served_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("enrolment_id", "position")
        constraints = [models.UniqueConstraint(fields=["enrolment", "position"], name="position_once")]

    def __str__(self) -> str:
        return f"Trial {self.position} of {self.enrolment}"

    @property
    def stimuli(self) -> tuple[Stimulus, ...]:
        """All that the trial shows, in the order of the letters a, b, c, d."""
        return (self.stimulus, *(further.stimulus for further in self.further.all()))


class FurtherStimulus(models.Model):
    """What a trial shows beside its first stimulus, where maps are compared."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="further")
    place = models.PositiveSmallIntegerField(help_text="From 1, after the trial's own stimulus.")
    stimulus = models.ForeignKey(Stimulus, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("trial_id", "place")
        verbose_name_plural = "further stimuli"
        constraints = [models.UniqueConstraint(fields=["trial", "place"], name="place_once")]

    def __str__(self) -> str:
        return f"{self.stimulus} at place {self.place} of {self.trial}"
