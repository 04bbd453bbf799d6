"""What this machine lacks for some of the tests, said aloud and never skipped in silence."""

from __future__ import annotations

import os
import shutil
from functools import cache

import redis


@cache
def chromium_path() -> str | None:
    """Where Chromium is: CHROMIUM_PATH, or a browser on the path."""
    return os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("chromium-browser")


@cache
def redis_url() -> str:
    """Where Redis is expected."""
    return os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")


@cache
def missing(marker: str) -> str | None:
    """Why tests with this marker cannot run here; None where they can."""
    if marker == "browser" and chromium_path() is None:
        return "Chromium is not installed (Debian: apt-get install chromium) and CHROMIUM_PATH is not set"
    if marker == "redis":
        try:
            redis.Redis.from_url(redis_url(), socket_connect_timeout=2).ping()
        except redis.RedisError:
            return f"no Redis answers at {redis_url()}"
    return None
