"""A browser without a screen: real HTTP requests, cookies, redirects, and what a page's answer form says."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

LONGEST_WAY = 8


class BrowsingError(RuntimeError):
    """The server did not answer as a reading room does."""


@dataclass(frozen=True)
class Page:
    """What came back, and from where."""

    path: str
    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The page's HTML."""
        return self.body.decode(errors="replace")

    def attribute(self, name: str) -> str | None:
        """The value of this attribute where it first stands in the page."""
        found = re.search(rf'\b{re.escape(name)}="([^"]*)"', self.text)
        return found.group(1) if found else None

    def hidden(self, name: str) -> str | None:
        """The value of a hidden field."""
        found = re.search(rf'name="{re.escape(name)}"[^>]*value="([^"]*)"', self.text)
        return found.group(1) if found else None


class Browser:
    """One reader's browser; `base` is the server's address."""

    def __init__(self, base: str, cookies: dict[str, str] | None = None) -> None:
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BrowsingError(f"{base!r} is not the address of a server.")
        self.base = base
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(parts.hostname, parts.port, timeout=60)
        self.cookies = dict(cookies or {})

    def get(self, path: str) -> Page:
        """Open a page, redirects followed."""
        return self._follow(self._request("GET", path))

    def post_form(self, path: str, fields: dict[str, str]) -> Page:
        """Send a form, redirects followed."""
        body = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **fields}).encode()
        return self._follow(self._request("POST", path, body, "application/x-www-form-urlencoded"))

    def post_json(self, path: str, sent: dict[str, Any]) -> dict[str, Any]:
        """Send an answer; BrowsingError with the server's sentence where it is refused."""
        page, _location = self._request("POST", path, json.dumps(sent).encode(), "application/json")
        if page.status != http.client.OK:
            raise BrowsingError(f"{path} was refused with {page.status}: {page.text[:300]}")
        received: dict[str, Any] = json.loads(page.body)
        return received

    def _follow(self, answer: tuple[Page, str | None]) -> Page:
        for _step in range(LONGEST_WAY):
            page, location = answer
            if location is None:
                if page.status >= http.client.BAD_REQUEST:
                    raise BrowsingError(f"{page.path} answered {page.status}.")
                return page
            answer = self._request("GET", urlsplit(urljoin(page.path, location)).path)
        raise BrowsingError(f"{answer[0].path} redirects for ever.")

    def _request(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[Page, str | None]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers |= {"Content-Type": kind, "X-CSRFToken": self.cookies.get("csrftoken", ""), "Referer": self.base}
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise BrowsingError(f"The server at {self.base} does not answer: {error}.") from error
        for line in response.headers.get_all("Set-Cookie") or []:
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        location = response.headers.get("Location") if 300 <= response.status < 400 else None
        return Page(path, response.status, content), location
