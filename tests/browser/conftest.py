"""Chromium, and a small server for static files and made-up payloads: what the browser tests stand on."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

STATIC = Path(__file__).resolve().parents[2] / "platform" / "portal" / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'"
ADVICE = "Chromium was not found; install it (Debian: apt-get install chromium) or set CHROMIUM_PATH to it."
SWITCHES = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@dataclass(frozen=True)
class Request:
    """What a handler sees."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]  # names in lower case


@dataclass(frozen=True)
class Reply:
    """What a handler answers; None instead drops the connection."""

    body: bytes = b""
    status: int = 200
    type: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200) -> Reply:
        return cls(json.dumps(value).encode(), status, "application/json")

    @classmethod
    def page(cls, html: str) -> Reply:
        return cls(html.encode(), 200, "text/html; charset=utf-8", {"Content-Security-Policy": POLICY})


Handler = Callable[[Request], "Reply | None"]


class Site:
    """Static files of the product under /static/, and whatever a test puts on other paths."""

    def __init__(self) -> None:
        self.routes: dict[str, Reply | Handler] = {}
        self.requests: list[Request] = []
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer("GET")

            def do_POST(self) -> None:
                self.answer("POST")

            def answer(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(
                    method, self.path.split("?")[0], body, {name.lower(): value for name, value in self.headers.items()}
                )
                reply = site.reply(request)
                if reply is None:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.type)
                self.send_header("Content-Length", str(len(reply.body)))
                self.send_header("Cache-Control", "no-store")
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def reply(self, request: Request) -> Reply | None:
        self.requests.append(request)
        if request.path.startswith("/static/"):
            file = STATIC / request.path.removeprefix("/static/")
            if file.is_file():
                return Reply(file.read_bytes(), type=TYPES.get(file.suffix, "application/octet-stream"))
        route = self.routes.get(request.path)
        if route is None:
            return Reply(b"nothing here", 404, "text/plain")
        return route if isinstance(route, Reply) else route(request)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def until(page: Page, script: str, arg: object = None, seconds: float = 10) -> None:
    """Wait until the script, a function, returns something true.

    Not Playwright's own wait: that one evaluates strings in the page, which the pages' content policy forbids.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(script, arg):
        if time.monotonic() > end:
            raise AssertionError(f"This did not come true within {seconds:.0f} seconds: {script}")
        page.wait_for_timeout(20)


def chromium_path() -> str:
    """Where Chromium is; without it the tests are skipped with advice, and on CI they fail."""
    path = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
    if Path(path).is_file():
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(ADVICE)
    pytest.skip(ADVICE)


def launch(playwright: Playwright, *switches: str) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=[*SWITCHES, *switches])


STARTED: list[Playwright] = []
"""Playwright starts once in a process; folders that import this fixture share it."""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    chromium_path()
    if STARTED:
        yield STARTED[0]
        return
    with sync_playwright() as started:
        STARTED.append(started)
        yield started
        STARTED.remove(started)


@pytest.fixture(scope="session")
def webgl_browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def canvas_browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright, "--disable-3d-apis")
    yield browser
    browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    started = Site()
    yield started
    started.close()
