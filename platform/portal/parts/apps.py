"""The application's name."""

from django.apps import AppConfig


class PartsConfig(AppConfig):
    """portal.parts."""

    name = "portal.parts"
    label = "parts"
