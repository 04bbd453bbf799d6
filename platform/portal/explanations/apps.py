"""The application's name."""

from django.apps import AppConfig


class ExplanationsConfig(AppConfig):
    """portal.explanations."""

    name = "portal.explanations"
    label = "explanations"
