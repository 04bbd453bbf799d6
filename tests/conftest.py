"""What every test may use: the personas, and append-only tables that a test database may still empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

from portal.accounts.models import Role, User
from portal.audit.append_only import protect, release

APPEND_ONLY = ("audit_entry", "studies_response")


@pytest.fixture(autouse=True, scope="session")
def _emptying_append_only_tables() -> Iterator[None]:
    """SQLite empties tables by DELETE between transactional tests, which our triggers rightly refuse."""
    original = TransactionTestCase._fixture_teardown

    def teardown(self: Any) -> None:
        if connection.vendor != "sqlite":
            original(self)
            return
        for table in APPEND_ONLY:
            release(connection, table)
        original(self)
        for table in APPEND_ONLY:
            protect(connection, table)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original


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
