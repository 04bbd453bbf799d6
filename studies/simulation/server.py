"""The product served from a thread of this process, on a free port of the loopback interface."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test.utils import override_settings

STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet: the progress bar tells enough."""


def _serve(server: WSGIServer) -> None:
    """One thread for all requests: simulated readers come one after the other, and it keeps one database connection."""
    try:
        server.serve_forever(0.05)
    finally:
        connections.close_all()


@contextmanager
def served() -> Iterator[str]:
    """Serve for as long as the block lasts; gives the address."""
    # The loopback interface needs no HTTPS, whatever the installation asks of the outside.
    plain = override_settings(
        ALLOWED_HOSTS=["127.0.0.1"],
        SECURE_SSL_REDIRECT=False,
        SESSION_COOKIE_SECURE=False,
        CSRF_COOKIE_SECURE=False,
        # Nobody fetches styles here, so they need not have been collected.
        STORAGES=settings.STORAGES | {"staticfiles": {"BACKEND": STATIC}},
    )
    with plain:
        server = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=_Handler)
        thread = threading.Thread(target=_serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
