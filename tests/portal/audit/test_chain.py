"""The audit trail only grows, and shows where it was broken."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.models import User
from portal.audit.append_only import protect, release
from portal.audit.models import Entry
from portal.audit.services import first_broken_entry, record

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def test_it_links_each_entry_to_the_one_before(researcher: User) -> None:
    first = record(actor=researcher, action="study.lock", subject="study:1", hash="abc")
    second = record(actor=None, action="study.launch", subject="study:1")
    assert second.previous_hash == first.hash
    assert second.actor_label == "system"
    assert first_broken_entry() is None


@pytest.mark.parametrize("sql", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
def test_it_refuses_change(sql: str, researcher: User) -> None:
    record(actor=researcher, action="export", subject="study:1")
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Entry.objects.get().action == "export"


def test_it_finds_the_entry_that_was_changed_behind_its_back(researcher: User) -> None:
    record(actor=researcher, action="a", subject="study:1")
    second = record(actor=researcher, action="b", subject="study:1")
    record(actor=researcher, action="c", subject="study:1")
    release(connection, "audit_entry")
    Entry.objects.filter(pk=second.pk).update(action="forged")
    protect(connection, "audit_entry")
    assert first_broken_entry() == second
