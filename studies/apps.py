"""The application's name."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """studies."""

    name = "studies"
    label = "studies"
