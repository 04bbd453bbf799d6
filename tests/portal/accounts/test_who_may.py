"""The addresses that anybody may open, as a table; no other address stands outside the tables of its own room."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.accounts.models import User

pytestmark = pytest.mark.django_db

# Address -> status of GET for nobody and for somebody signed in.
OPEN = {
    "account/sign-in": (200, 302),
    "account/sign-out": (405, 405),
    "account/password": (200, 200),
    "account/password/sent": (200, 200),
    "account/password/changed": (200, 200),
    "account/password/<uidb64>/<token>": (200, 200),
    "account/language": (302, 302),
    "health": (200, 200),
}
# Rooms whose tables stand beside their own tests.
ELSEWHERE = {"admin/": "tests/portal/panel", "api/v1/": "tests/studies/api", "": "tests/studies/views"}


def every_address(patterns: list[URLPattern | URLResolver], prefix: str = "") -> set[str]:
    """All addresses below these patterns, rooms with a table of their own left out."""
    found: set[str] = set()
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.add(address)
        elif address not in ELSEWHERE:
            found |= every_address(pattern.url_patterns, address)
    return found


def test_the_table_names_every_open_address() -> None:
    assert every_address(get_resolver().url_patterns) == set(OPEN)


@pytest.mark.parametrize("address", OPEN)
def test_each_is_open_as_the_table_says(address: str, outsider: User) -> None:
    signed_in = Client()
    signed_in.force_login(outsider)
    path = "/" + address.replace("<uidb64>", "x").replace("<token>", "y")
    assert tuple(client.get(path).status_code for client in (Client(), signed_in)) == OPEN[address]
