"""Who may call what."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsResearcher(BasePermission):
    """Researchers and administrators."""

    message = "Only researchers may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True for a signed-in researcher or administrator."""
        return bool(getattr(request.user, "is_researcher", False))
