"""Erasure cuts the link between a person and a pseudonym, and leaves the answers."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.models import Enrolment, EnrolmentState, Reader
from studies.services.erase import CannotErase, erase_person

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def test_the_pseudonym_belongs_to_nobody_afterwards(reading: Enrolment, reader_user: User) -> None:
    address, pseudonym = reader_user.email, reading.reader.pseudonym
    erased = erase_person(email=address.upper())
    assert erased.pseudonyms == (pseudonym,)
    assert Reader.objects.get(pseudonym=pseudonym).user is None
    assert not User.objects.filter(email=address).exists()
    reading.refresh_from_db()
    assert reading.state == EnrolmentState.WITHDRAWN
    assert reading.trials.exists()


def test_the_audit_trail_never_knew_the_readers_address(reading: Enrolment, reader_user: User) -> None:
    address = reader_user.email
    erase_person(email=address)
    told = [entry for entry in Entry.objects.all() if address in f"{entry.actor_label}{entry.subject}{entry.detail}"]
    assert told == []


def test_a_researcher_is_deactivated_instead(researcher: User) -> None:
    with pytest.raises(CannotErase, match="deactivate"):
        erase_person(email=researcher.email)


def test_the_command_says_that_nobody_is_there(db: None) -> None:
    with pytest.raises(CommandError, match="Nobody here has the address") as error:
        call_command("erase_person", "nobody@example.org")
    assert error.value.returncode == 2
