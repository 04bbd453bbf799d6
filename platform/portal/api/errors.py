"""A user's mistake in a call becomes status 400 with one clear sentence."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

OURS = ("foundation", "portal", "studies", "evaluation", "explainers")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's own handling; the ValueErrors that we define carry sentences meant for users."""
    if isinstance(error, ValueError) and type(error).__module__.split(".")[0] in OURS:
        error = ValidationError({"detail": str(error)})
    return exception_handler(error, context)
