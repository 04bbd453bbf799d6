"""A study to be read by many at once, in a database of its own on PostgreSQL, served as the container serves it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from psycopg import sql

WORKERS, THREADS = 2, 4


def environment(folder: Path, database: str) -> dict[str, str]:
    """What an installation sets; HTTPS ends at a proxy, which is not measured."""
    return {
        "DJANGO_SETTINGS_MODULE": "portal.config.settings.base",
        "DATABASE_URL": database,
        "VAR_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def scratch_database(address: str) -> Iterator[str]:
    """A fresh database beside the one at this address, dropped afterwards."""
    name = f"heatproof_load_{os.getpid()}"
    known = sql.Identifier(name)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(known))
    try:
        yield urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(known))


@contextmanager
def served() -> Iterator[str]:
    """Gunicorn as docker/entrypoint.sh starts it, on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    options = ["--workers", str(WORKERS), "--threads", str(THREADS), "--no-control-socket", "--log-level", "error"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "portal.config.wsgi", "--bind", url.removeprefix("http://"), *options]
    )
    try:
        _wait_for(f"{url}/health")
        yield url
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str) -> None:
    for _ in range(240):
        try:
            with urlopen(address, timeout=2):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.25)
    raise TimeoutError("The server did not start.")
