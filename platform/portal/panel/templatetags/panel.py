"""Small things that the panel's templates need."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.base import Template
from django.template.loader import select_template

from portal.panel import job_lines

register = template.Library()

NOTHING = "portal/panel/nothing.html"


@register.simple_tag
def slot(name: str) -> Any:
    """The template of this name, or an empty one: where a floor above may add something, `{% include %}` it.

    `{% slot "studies/panel/dashboard.html" as above %}{% include above %}`
    """
    found: Template = select_template([name, NOTHING])  # type: ignore[assignment]
    return found


@register.filter
def spoken(seconds: float) -> str:
    """Seconds as people say them."""
    return job_lines.spoken(seconds)


@register.filter
def short_hash(digest: str) -> str:
    """The beginning of a content hash; its whole stands in the title."""
    return digest[:12]
