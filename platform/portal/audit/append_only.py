"""Tables whose rows are only ever added: triggers on PostgreSQL and SQLite that refuse change and deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper

POSTGRESQL = """
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'Rows of {table} are only ever added.'; END
$$ LANGUAGE plpgsql;
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_refuse();
"""
SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'Rows of {table} are only ever added.'); END;
"""


def protect(connection: BaseDatabaseWrapper, table: str) -> None:
    """Put the triggers on a table."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL.format(table=table))
        else:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(SQLITE.format(table=table, verb=verb))


def release(connection: BaseDatabaseWrapper, table: str) -> None:
    """Take the triggers off a table."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_refuse();")
        else:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(f"DROP TRIGGER {table}_no_{verb};")


def append_only(table: str) -> migrations.RunPython:
    """A migration operation that protects a table."""

    def act(how: Callable[[BaseDatabaseWrapper, str], None]) -> Callable[[Any, Any], None]:
        return lambda _apps, editor: how(editor.connection, table)

    return migrations.RunPython(act(protect), act(release))
