"""Scores of maps as readers see them, of controls, and with their noise; `native` becomes `raw`."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

SHOWN = [
    ("raw", "Raw map"),
    ("native-positive", "As shown: native, positive part"),
    ("native-absolute", "As shown: native, magnitude"),
    ("native-signed", "As shown: native, signed"),
    ("harmonised-positive", "As shown: harmonised, positive part"),
    ("harmonised-absolute", "As shown: harmonised, magnitude"),
    ("harmonised-signed", "As shown: harmonised, signed"),
]


def rename(before: str, after: str) -> Any:
    def forwards(apps: Any, editor: Any) -> None:
        apps.get_model("explanations", "Score").objects.filter(presentation=before).update(presentation=after)

    return forwards


class Migration(migrations.Migration):
    dependencies = [("explanations", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="displayed",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="{presentation: [labels of the metrics that judge maps so presented]}",
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="controls",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="{name: {value, standard_error, reason}} of maps made like this one that explain nothing.",
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="shown",
            field=models.CharField(
                blank=True,
                help_text="Content hash of the shown bytes that were scored; empty for a raw map.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="standard_error",
            field=models.FloatField(
                blank=True,
                help_text="Monte Carlo standard error of the value, where the metric draws at random.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="score",
            name="presentation",
            field=models.CharField(choices=SHOWN, default="raw", max_length=32),
        ),
        migrations.RunPython(rename("native", "raw"), rename("raw", "native")),
    ]
