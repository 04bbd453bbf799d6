"""The server is killed while an answer is on its way, and started again: the answer is stored, and once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import expect

from portal.accounts.models import User
from studies.models import Response
from tests.browser.reading.conftest import Room, begin
from tests.browser.reading.test_answers_are_never_lost import leave_practice, rate, wait_for_next

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Server:
    """gunicorn on the tests' own database and files, in a process that can be killed."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = ["-m", "gunicorn", "portal.config.wsgi", "--bind", f"127.0.0.1:{self.port}", "--threads", "4"]
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "portal.config.settings.test",
            "TEST_VAR_DIR": str(settings.VAR_DIR),
            "DATABASE_URL": _address_of_test_database(),
            "PYTHONPATH": f"{settings.BASE_DIR}:{settings.BASE_DIR / 'platform'}",
        }
        self.process = subprocess.Popen(
            [sys.executable, *command, "--no-control-socket", "--log-level", "error"],
            env=environment,
            start_new_session=True,
        )
        for _ in range(240):
            try:
                with urlopen(f"{self.url}/health", timeout=2):
                    return
            except HTTPError:
                raise
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.25)
        raise TimeoutError("The server did not start.")

    def kill(self) -> None:
        """End it at once, with every worker and every open connection."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _address_of_test_database() -> str:
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    password = f":{found['PASSWORD']}" if found["PASSWORD"] else ""
    place = f"{found['HOST']}:{found['PORT']}" if found["PORT"] else found["HOST"]
    return f"postgresql://{found['USER']}{password}@{place}/{found['NAME']}"


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server."""
    running = Server()
    yield running
    running.kill()


def test_an_answer_outlives_the_server(
    open_room: Callable[..., Room], reader_user: User, transactional_db: None, server: Server
) -> None:
    room = replace(open_room("usefulness"), url=server.url)
    page = room.page_of(reader_user)
    begin(page, room, room.enrol(reader_user))
    leave_practice(page)
    before, stored = page.url, Response.objects.count()
    server.kill()
    rate(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=status]")).to_contain_text("1 waiting", timeout=20_000)
    assert Response.objects.count() == stored
    server.start()
    wait_for_next(page, before)
    assert Response.objects.count() == stored + 1
