"""A thousand answers through a network and a server that fail at every third one: none is lost, none stored twice.

The outbox runs in Chromium, one tab a reader, against the real address of answers and the real database. By seeded
chance a request never leaves, the server fails before or after it has stored the answer, the acknowledgement is cut
off or comes too late, or a captive portal answers in its place; tabs are reloaded and crash meanwhile. The oracle is
the database: one response a trial, and it says what was submitted.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from playwright.sync_api import Browser, BrowserContext, Page, Route
from playwright.sync_api import Error as PlaywrightError
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import User
from studies.models import Enrolment, Response, Stimulus, Trial
from studies.services.run import record_response
from studies.views import answers
from tests.studies.ward import Ward, enrolled, make_study, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

READERS = 8
TRIALS = int(os.environ.get("OUTBOX_ANSWERS", "120")) // READERS
"""CI asks for a thousand answers whenever the outbox or the address of answers has changed."""
FAULTS = {"dropped": 6, "before": 6, "after": 6, "cut": 6, "late": 1, "portal": 6}
"""How many of a hundred requests meet which fault."""
TOKEN = "t" * 32
PAGE = """<!doctype html><meta charset="utf-8"><title>Reader</title><link rel="icon" href="data:,"><p id="status"></p>
<script type="module" src="/reader.js"></script>"""
SCRIPT = """import { createOutbox } from "/static/portal/js/outbox.js";
const tokens = TOKENS;
const reached = () => Number(localStorage.getItem("at") ?? 0);
window.failures = [];
async function answer(at) {
  const outbox = createOutbox({ url: `/s/${tokens[at]}/answer`, scope: "reader", csrf: "CSRF",
    firstDelay: 10, longestDelay: 80, patience: 1500, status: document.getElementById("status") });
  const answers = { coverage: 1 + at % 5, extraneous: 1 + (at >> 2) % 5 };
  try {
    await outbox.submit({ step: "rate", answers, client: {} });
  } catch (error) {  // 409: it was stored, and the tab was gone before it heard of it
    if (error.status !== 409) { window.failures.push([at, error.status, error.message]); }
  }
  outbox.close();
}
for (let at = reached(); at < tokens.length; at = reached()) {
  await answer(at);
  localStorage.setItem("at", at + 1);
}
window.done = true;"""


@dataclass
class Trouble:
    """What happens to requests, by a seeded chance, and how often it did."""

    chance: random.Random
    met: Counter[str] = field(default_factory=Counter)

    def draw(self, *kinds: str) -> str:
        """One of these faults, or none."""
        drawn = self.chance.random() * 100
        for kind in FAULTS:
            drawn -= FAULTS[kind]
            if drawn < 0:
                self.met[kind] += kind in kinds
                return kind if kind in kinds else ""
        return ""

    def serve(self, **sent: Any) -> Any:
        """In place of the service: fails before it, or after it."""
        kind = self.draw("before", "after")
        if kind == "before":
            raise RuntimeError("The server fails before it stores the answer.")
        stored = record_response(**sent)
        if kind == "after":
            raise RuntimeError("The server fails after it has stored the answer.")
        return stored

    def reply(self, content: Any, **options: Any) -> HttpResponse:
        """In place of the acknowledgement: whole, cut off, late, or somebody else's page."""
        whole = JsonResponse(content, **options)
        match self.draw("cut", "late", "portal") if whole.status_code == 200 else "":
            case "cut":
                cut = HttpResponse(whole.content[: len(whole.content) // 2], content_type="application/json")
                cut["Content-Length"] = str(len(whole.content))
                return cut
            case "late":
                time.sleep(2)
            case "portal":
                return HttpResponse("<html>Please sign in to the network</html>")
        return whole

    def pass_on(self, route: Route) -> None:
        """At the browser's end of the line."""
        if self.draw("dropped"):
            route.abort()
        else:
            route.continue_()


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> Trouble:
    made = Trouble(random.Random(20))
    monkeypatch.setattr(answers, "record_response", made.serve)
    monkeypatch.setattr(answers, "JsonResponse", made.reply)
    return made


def with_many_trials(ward: Ward, user: User) -> Enrolment:
    """A consented reader with as many ratings as they shall give."""
    enrolment = enrolled(ward, user)
    enrolment.trials.all().delete()
    stimulus = Stimulus.objects.exclude(display="").select_related("arm", "case")[0]
    facts = {"block": "rate", "task": "usefulness", "case": stimulus.case, "arm": stimulus.arm, "stimulus": stimulus}
    Trial.objects.bulk_create(
        Trial(enrolment=enrolment, position=at, token=f"{enrolment.pk}-{at}", **facts) for at in range(TRIALS)
    )
    return enrolment


@dataclass
class Tab:
    """A reader's browser, and the tab that reads."""

    context: BrowserContext
    url: str
    script: str
    page: Page | None = None

    def __post_init__(self) -> None:
        self.context.route(f"{self.url}/reader.html", self.give_page)
        self.context.route(f"{self.url}/reader.js", self.give_script)

    def give_page(self, route: Route) -> None:
        """The page, at the product's own address."""
        route.fulfill(body=PAGE, content_type="text/html")

    def give_script(self, route: Route) -> None:
        """What the reader does."""
        route.fulfill(body=self.script, content_type="text/javascript")

    def open(self) -> Page:
        """A fresh tab, as after a crash."""
        self.page = self.context.new_page()
        self.page.goto(f"{self.url}/reader.html")
        return self.page

    def is_done(self) -> bool:
        """Every answer is acknowledged."""
        assert self.page is not None
        return bool(self.page.evaluate("window.done === true"))

    def crash(self) -> None:
        """The tab's process ends without a word."""
        assert self.page is not None
        try:
            self.page.goto("chrome://crash", timeout=5000)
        except PlaywrightError:
            self.page.close()
        self.open()


@pytest.fixture
def tabs(live_server: LiveServer, webgl_browser: Browser, researcher: User, trouble: Trouble) -> Iterator[list[Tab]]:
    ward = make_study(researcher, tasks=("usefulness",))
    opened = []
    for number in range(READERS):
        user = User.objects.create_user(f"reader-{number}@example.org", "correct horse")
        enrolment = with_many_trials(ward, user)
        context = webgl_browser.new_context()
        cookies = {"sessionid": signed_in(user).cookies["sessionid"].value, settings.CSRF_COOKIE_NAME: TOKEN}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        tokens = json.dumps([f"{enrolment.pk}-{at}" for at in range(TRIALS)])
        context.route("**/answer", trouble.pass_on)
        script = SCRIPT.replace("CSRF", TOKEN).replace("TOKENS", tokens)
        opened.append(Tab(context, live_server.url, script))
    yield opened
    for tab in opened:
        tab.context.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nothing_is_lost_and_nothing_doubled(tabs: list[Tab], trouble: Trouble) -> None:
    accidents = random.Random(7)
    for tab in tabs:
        tab.open()
    reading = list(tabs)
    end = time.monotonic() + 500
    while reading and time.monotonic() < end:
        for tab in list(reading):
            assert tab.page is not None
            tab.page.wait_for_timeout(100)
            if tab.is_done():
                assert tab.page.evaluate("window.failures") == []
                reading.remove(tab)
            elif accidents.random() < 0.04:
                trouble.met["reload"] += 1
                tab.page.reload()
            elif accidents.random() < 0.02:
                trouble.met["crash"] += 1
                tab.crash()
    assert reading == []
    stored = Response.objects.values_list("trial__position", "answers")
    wanted = [(at, {"coverage": 1 + at % 5, "extraneous": 1 + (at >> 2) % 5}) for at in range(TRIALS)] * READERS
    assert Response.objects.values("trial").distinct().count() == len(stored) == READERS * TRIALS
    assert sorted(stored, key=str) == sorted(wanted, key=str)
    # It did happen, and much of it.
    assert sum(trouble.met[kind] for kind in FAULTS) > READERS * TRIALS / 4, trouble.met
    if READERS * TRIALS >= 1000:
        assert all(trouble.met[kind] for kind in [*FAULTS, "reload", "crash"]), trouble.met
