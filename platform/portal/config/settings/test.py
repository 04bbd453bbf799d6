"""Settings of the tests: jobs run at once, passwords hash quickly, files go to a temporary folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

from portal.config import env
from portal.config.settings.base import *  # noqa: F403  settings modules build on each other by name
from portal.config.settings.base import STORAGES

SECRET_KEY = "the tests' own key, long enough for its purpose"  # noqa: S105  it guards nothing
PSEUDONYM_KEY = SECRET_KEY
VAR_DIR = Path(env.text("TEST_VAR_DIR") or tempfile.mkdtemp(prefix="heatproof-test-"))
DATABASES = {"default": env.database(env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'test.sqlite3'}"))}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not shared memory: a served test's threads have connections of their own, as in production.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test-database.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(VAR_DIR / "f")}},
    "arrays": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(VAR_DIR / "a")}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = VAR_DIR / "static"
BROKER_FOLDER = VAR_DIR / "broker"
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
JOBS_EAGER = True
AXES_ENABLED = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT.mkdir(exist_ok=True)
