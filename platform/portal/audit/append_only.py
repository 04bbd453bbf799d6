"""Tables whose rows are only ever added: triggers on PostgreSQL and SQLite that refuse change and deletion.

Rows of an `erasable` table may be deleted once each of them stands in the table of erasures (`erasing.erase_rows`).
"""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper

ERASED = "EXISTS (SELECT 1 FROM audit_erasure WHERE relation = '{table}' AND row = OLD.id)"
NEVER = "1 = 0"
POSTGRESQL = """
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger AS $$
BEGIN
IF TG_OP = 'DELETE' AND {allowed} THEN RETURN OLD; END IF;
RAISE EXCEPTION 'Rows of {table} are only ever added.'; END
$$ LANGUAGE plpgsql;
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_refuse();
"""
SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} WHEN NOT ({allowed})
BEGIN SELECT RAISE(ABORT, 'Rows of {table} are only ever added.'); END;
"""


def protect(connection: BaseDatabaseWrapper, table: str, *, erasable: bool = False) -> None:
    """Put the triggers on a table."""
    erased = ERASED.format(table=table) if erasable else NEVER
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL.format(table=table, allowed=erased))
        else:
            for verb, allowed in (("UPDATE", NEVER), ("DELETE", erased)):
                cursor.execute(SQLITE.format(table=table, verb=verb, allowed=allowed))


def release(connection: BaseDatabaseWrapper, table: str) -> None:
    """Take the triggers off a table."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_refuse();")
        else:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(f"DROP TRIGGER {table}_no_{verb};")


def append_only(table: str, *, erasable: bool = False, again: bool = False) -> migrations.RunPython:
    """A migration operation that protects a table; `again` where it is protected already, but not as erasable."""

    def forwards(_apps: Any, editor: Any) -> None:
        if again:
            release(editor.connection, table)
        protect(editor.connection, table, erasable=erasable)

    def backwards(_apps: Any, editor: Any) -> None:
        release(editor.connection, table)
        if again:
            protect(editor.connection, table)

    return migrations.RunPython(forwards, backwards)
