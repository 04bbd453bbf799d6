"""Settings of a served installation: every secret must be given, everything travels over HTTPS."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from portal.config import env

for _name in ("SECRET_KEY", "PSEUDONYM_KEY", "ALLOWED_HOSTS", "DATABASE_URL"):
    if not env.secret(_name):
        raise ImproperlyConfigured(f"{_name} must be set in production.")

from portal.config.settings.base import *  # noqa: E402, F403  the checks above come first, on purpose
from portal.config.settings.base import STORAGES  # noqa: E402  likewise

DEBUG = False
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = env.flag("SESSION_COOKIE_SECURE", True)
CSRF_COOKIE_SECURE = env.flag("CSRF_COOKIE_SECURE", True)
# Compression pays on a network; on one machine it only delays the start.
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
# Whether the domain joins the browsers' preload list is its owner's decision.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
