"""The application's name."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """portal.catalog."""

    name = "portal.catalog"
    label = "catalog"
