"""Up to four stimuli a trial, and what a task needs to know of each, kept beside it."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def move(apps: Any, schema_editor: Any) -> None:
    """The second stimulus becomes the first further one."""
    trials = apps.get_model("studies", "Trial").objects.filter(second_stimulus__isnull=False)
    further = apps.get_model("studies", "FurtherStimulus")
    rows = (
        further(trial_id=trial, place=1, stimulus_id=second)
        for trial, second in trials.values_list("pk", "second_stimulus")
    )
    further.objects.bulk_create(list(rows), batch_size=1000)


def move_back(apps: Any, schema_editor: Any) -> None:
    """Only pairs can go back."""
    trials = apps.get_model("studies", "Trial")
    for each in apps.get_model("studies", "FurtherStimulus").objects.filter(place=1).select_related("stimulus"):
        trials.objects.filter(pk=each.trial_id).update(
            second_stimulus=each.stimulus_id, second_arm=each.stimulus.arm_id
        )


class Migration(migrations.Migration):
    dependencies = [("studies", "0007_event_batches")]

    operations = [
        migrations.AddField(
            "stimulus",
            "prepared",
            models.JSONField(
                blank=True, default=dict, help_text="{block: what its task needs to know of this case in this arm}"
            ),
        ),
        migrations.CreateModel(
            name="FurtherStimulus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField(help_text="From 1, after the trial's own stimulus.")),
                (
                    "stimulus",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.stimulus"
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="further", to="studies.trial"
                    ),
                ),
            ],
            options={"ordering": ("trial_id", "place"), "verbose_name_plural": "further stimuli"},
        ),
        migrations.AddConstraint(
            "furtherstimulus", models.UniqueConstraint(fields=("trial", "place"), name="place_once")
        ),
        migrations.RunPython(move, move_back),
        migrations.RemoveField("trial", "second_arm"),
        migrations.RemoveField("trial", "second_stimulus"),
    ]
