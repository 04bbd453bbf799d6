"""The application's name."""

from django.apps import AppConfig


class NetworksConfig(AppConfig):
    """portal.networks."""

    name = "portal.networks"
    label = "networks"
