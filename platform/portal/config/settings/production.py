"""Settings of a served installation: every secret must be given, everything travels over HTTPS."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from portal.config import env
from portal.config.settings.base import *  # noqa: F403  settings modules build on each other by name

DEBUG = False
SECRET_KEY = env.secret("SECRET_KEY")
PSEUDONYM_KEY = env.secret("PSEUDONYM_KEY")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS")
for _name, _value in {
    "SECRET_KEY": SECRET_KEY,
    "PSEUDONYM_KEY": PSEUDONYM_KEY,
    "ALLOWED_HOSTS": ALLOWED_HOSTS,
    "DATABASE_URL": env.text("DATABASE_URL"),
}.items():
    if not _value:
        raise ImproperlyConfigured(f"{_name} must be set in production.")

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = env.flag("SESSION_COOKIE_SECURE", True)
CSRF_COOKIE_SECURE = env.flag("CSRF_COOKIE_SECURE", True)
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
