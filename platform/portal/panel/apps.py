"""The panel as an application, and Django's admin with the panel's site in it."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class PanelConfig(AppConfig):
    """The panel's template tags."""

    name = "portal.panel"
    label = "panel"
    default = True


class PanelAdminConfig(admin_apps.AdminConfig):
    """Django's admin; `admin.site` is the panel."""

    default = False
    default_site = "portal.panel.site.PanelSite"
