"""What every test may use: the personas, and append-only tables that a test database may still empty."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

from portal.accounts.models import Role, User
from tests.capabilities import missing

NEEDS = ("browser", "redis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test whose service is missing is skipped with the reason; under CI that is a failure."""
    for item in items:
        for marker in NEEDS:
            if item.get_closest_marker(marker) and (reason := missing(marker)):
                if os.environ.get("CI") == "true":
                    raise pytest.UsageError(f"The {marker} tests cannot run: {reason}.")
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The closing lines say what did not run, and on which database the rest did."""
    if hasattr(terminalreporter.config, "workerinput"):
        return
    terminalreporter.write_line(f"The database was {connection.vendor}.")
    for marker in NEEDS:
        if reason := missing(marker):
            terminalreporter.write_line(f"Not run: tests marked {marker}, because {reason}.")


def _triggers() -> dict[str, str]:
    """Every trigger by its name, as it was made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(autouse=True, scope="session")
def _emptying_append_only_tables() -> Iterator[None]:
    """SQLite empties tables by DELETE between transactional tests, which our triggers rightly refuse."""
    case: Any = TransactionTestCase
    original = case._fixture_teardown

    def teardown(self: Any) -> None:
        if connection.vendor != "sqlite":
            original(self)
            return
        triggers = _triggers()
        for name in triggers:
            _execute(f'DROP TRIGGER "{name}"')
        original(self)
        for statement in triggers.values():
            _execute(statement)

    case._fixture_teardown = teardown
    yield
    case._fixture_teardown = original


@pytest.fixture
def administrator(db: None) -> User:
    """May do everything, people included."""
    return User.objects.create_user("administrator@example.org", "correct horse", role=Role.ADMINISTRATOR)


@pytest.fixture
def researcher(db: None) -> User:
    """Runs studies."""
    return User.objects.create_user("researcher@example.org", "correct horse", role=Role.RESEARCHER)


@pytest.fixture
def reader_user(db: None) -> User:
    """Takes studies."""
    return User.objects.create_user("reader@example.org", "correct horse")


@pytest.fixture
def outsider(db: None) -> User:
    """Signed in, but a reader of no study."""
    return User.objects.create_user("outsider@example.org", "correct horse")
