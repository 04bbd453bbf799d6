"""Many readers at once: each a thread with a browser of its own that loads a page, thinks, and answers."""

from __future__ import annotations

import random
import re
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from studies.simulation.browsing import Browser, BrowsingError, Page

THINK = (8.0, 20.0)
"""Seconds over an image, drawn evenly."""
ANSWERS: dict[str, dict[str, Any]] = {
    "rate": {"coverage": 4, "extraneous": 2},
    "compare": {"preferred": "second", "strength": 2},
    "initial": {"probability": 30},
    "final": {"probability": 65},
}
BYTES = re.compile(r'data-[a-z-]*url="(/s/[^"]+/(?:header|image|overlay/[a-z]))"')
TRIAL = re.compile(r"/s/([^/]+)/")


@dataclass(frozen=True)
class Seat:
    """One reader's way in: the cookies of somebody signed in, and where their study begins."""

    cookies: dict[str, str]
    start: str


@dataclass(frozen=True)
class Submit:
    """One answer that was acknowledged: when it was sent, and how long the acknowledgement took (seconds)."""

    key: str
    at: float
    seconds: float


@dataclass
class Crowd:
    """All readers and what became of what they sent; `pace` 0.5 means that everybody thinks half as long."""

    url: str
    seats: Sequence[Seat]
    think: tuple[float, float] = THINK
    seed: int = 1
    pace: float = 1.0
    submits: list[Submit] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    finished: int = 0

    def __post_init__(self) -> None:
        self.over = threading.Event()
        self.threads = [
            threading.Thread(target=self._take, args=(seat, random.Random(f"{self.seed}/{index}")), daemon=True)
            for index, seat in enumerate(self.seats)
        ]

    def sit_down(self) -> None:
        """Everybody comes within one mean thinking time."""
        for thread in self.threads:
            thread.start()

    def leave(self) -> None:
        """Everybody stops; what is on its way arrives."""
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _take(self, seat: Seat, chance: random.Random) -> None:
        browser = Browser(self.url, seat.cookies)
        self.over.wait(chance.uniform(0, sum(self.think) / 2))
        while not self.over.is_set():
            try:
                if self._until_the_end(browser, seat, chance):
                    self.finished += 1
                    break
            except BrowsingError as error:
                self.errors.append(str(error))
                self.over.wait(1)
        browser.connection.close()

    def _until_the_end(self, browser: Browser, seat: Seat, chance: random.Random) -> bool:
        page = browser.get(seat.start)
        while not self.over.is_set():
            if page.path.endswith("/thanks"):
                return True
            page = self._read(browser, page, chance) if TRIAL.fullmatch(page.path) else _pass(browser, page)
        return False

    def _read(self, browser: Browser, page: Page, chance: random.Random) -> Page:
        for path in dict.fromkeys(BYTES.findall(page.text)):
            browser.get(path)
        # A server closes a connection that is silent for seconds; browsers open another.
        browser.connection.close()
        if self.over.wait(chance.uniform(*self.think) * self.pace):
            return page
        step = page.attribute("data-step") or ""
        key = str(uuid.uuid4())
        begun = time.perf_counter()
        sent = {"key": key, "step": step, "answers": ANSWERS[step], "client": {"active_seconds": 12.5}}
        receipt = browser.post_json(f"{page.path}answer", sent)
        self.submits.append(Submit(key, begun, time.perf_counter() - begun))
        return browser.get(receipt["next"])


def _pass(browser: Browser, page: Page) -> Page:
    """Instructions or a break: read, on."""
    if not page.path.endswith(("/instructions", "/break")):
        raise BrowsingError(f"A reader does not know what to do at {page.path}.")
    return browser.post_form(page.path, {})
