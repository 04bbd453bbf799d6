"""The application's name."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """portal.jobs."""

    name = "portal.jobs"
    label = "jobs"
