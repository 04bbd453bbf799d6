"""Addresses below /api/v1/: the schema, its page, a token, and things."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.routers import SimpleRouter

from portal.api.views import CaseViewSet, ModelViewSet, RunViewSet

router = SimpleRouter()
router.register("cases", CaseViewSet)
router.register("models", ModelViewSet)
router.register("runs", RunViewSet)
# The page whose script comes apart from it, as our content security policy asks.
docs = SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="portal/api_docs.html")

urlpatterns = [
    path("", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
    path("token/", ObtainAuthToken.as_view(), name="api-token"),
]
