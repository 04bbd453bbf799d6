"""The application's name."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """portal.audit."""

    name = "portal.audit"
    label = "audit"
