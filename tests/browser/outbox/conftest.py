"""A page with an outbox, and a server that can be made to fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import Reply, Request, Site, until

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Outbox</title>
<link rel="icon" href="data:,"></head><body><p id="status" role="status"></p>
<script type="module" src="/page.js"></script></body></html>"""
SCRIPT = """import { createOutbox } from "/static/portal/js/outbox.js";
window.acks = []; window.refusals = [];
window.outbox = createOutbox({ url: "/answer", scope: location.search, csrf: "token",
  status: document.getElementById("status"), firstDelay: 60, longestDelay: 200 });
window.answer = (payload) => { window.outbox.submit(payload).then((ack) => window.acks.push(ack),
  (error) => window.refusals.push([error.status, error.message])); };
window.ready = true;"""
# Where a page is not served over HTTPS, browsers hide these two.
INSECURE = """Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined });
Object.defineProperty(Crypto.prototype, "randomUUID", { value: undefined });"""


@dataclass
class Desk:
    """The answering server: saves by key, and fails on demand."""

    site: Site
    saved: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    order: list[Any] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    fail: list[str] = field(default_factory=list)
    """What becomes of the next requests: drop, lose (saved, but the answer is dropped), 500, 200, 409, 403."""

    def take(self, request: Request) -> Reply | None:
        body = json.loads(request.body)
        assert body["key"] == request.headers["idempotency-key"]
        self.keys.append(body["key"])
        self.tokens.add(request.headers.get("x-csrftoken"))
        mode = self.fail[0] if self.fail and self.fail[0] == "down" else (self.fail.pop(0) if self.fail else "")
        if mode in ("drop", "down"):
            return None
        if mode in ("500", "503"):
            return Reply(b"oops", int(mode), "text/html")
        if mode == "200":
            return Reply(b"<html>Please sign in to the network</html>", 200, "text/html")
        if mode in ("403", "409"):
            return Reply.json({"detail": "This trial is closed."}, int(mode))
        if body["key"] not in self.saved:
            self.saved[body["key"]] = body
            self.order.append(body["value"])
        return None if mode == "lose" else Reply.json({"saved_at": "2026-11-23T14:03:00"}, 201)


@pytest.fixture
def desk(site: Site) -> Desk:
    desk = Desk(site)
    site.routes["/page"] = Reply.page(PAGE)
    site.routes["/page.js"] = Reply(SCRIPT.encode(), type="text/javascript")
    site.routes["/answer"] = desk.take
    return desk


@pytest.fixture(params=["secure", "insecure"])
def context(request: pytest.FixtureRequest, webgl_browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile: with Web Locks, and without, as on a plain HTTP address."""
    opened = webgl_browser.new_context()
    if request.param == "insecure":
        opened.add_init_script(INSECURE)
    yield opened
    opened.close()


@pytest.fixture
def open_page(context: BrowserContext, desk: Desk) -> Page:
    return visit(context, desk)


def visit(context: BrowserContext, desk: Desk, scope: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{desk.site.url}/page?{scope}")
    until(page, "() => window.ready")
    return page


@pytest.fixture
def webgl_context_without_storage(webgl_browser: Browser) -> Iterator[BrowserContext]:
    """Some private windows refuse IndexedDB."""
    opened = webgl_browser.new_context()
    opened.add_init_script("IDBFactory.prototype.open = () => { throw new Error('refused'); };")
    yield opened
    opened.close()
