"""Addresses below /api/v1/ that speak of studies."""

from rest_framework.routers import SimpleRouter

from studies.api.views import ResponseViewSet, StudyViewSet, TrialViewSet

router = SimpleRouter()
router.register("studies", StudyViewSet)
router.register("responses", ResponseViewSet)
router.register("trials", TrialViewSet)

urlpatterns = router.urls
