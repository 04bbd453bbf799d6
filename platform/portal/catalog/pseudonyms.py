"""Identifiers as pseudonyms: keyed, so that nobody without the key can try names; different in every dataset."""

from __future__ import annotations

import hmac

from django.conf import settings


def pseudonym(dataset: str, kind: str, *identifiers: str) -> str:
    """Twelve hexadecimal digits for identifiers of one kind within one dataset; the same each time."""
    key = f"{settings.PSEUDONYM_KEY}\x1f{dataset}".encode()
    message = "\x1f".join((kind, *identifiers)).encode()
    return hmac.new(key, message, "sha256").hexdigest()[:12]
