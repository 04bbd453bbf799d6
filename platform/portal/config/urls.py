"""Every address of the house; applications are named as strings."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("portal.api.urls")),
    path("api/v1/", include("studies.api.urls")),
    path("health", include("portal.health")),
    path("account/", include("portal.accounts.urls")),
    path("", include("studies.urls")),
]
