"""Leaving with or without one's answers: what goes, what stays, and what is on record."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Entry, Erasure
from portal.audit.services import first_broken_entry
from studies.models import Enrolment, EnrolmentState, EventBatch, Leaving, QuestionnaireResponse, Response, Session
from studies.protocol import read
from studies.selectors import consent_hash
from studies.services.enrol import NotOffered, withdraw
from studies.services.erase import erase_person
from tests.studies.forms_ward import fill, make_asking_study
from tests.studies.steps import current, go_on, send
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, enrolled, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.db]
TRUST = "questionnaires:\n  start: [trust]\n"


@pytest.fixture
def reading(researcher: User, reader_user: User) -> Enrolment:
    """A reader with a questionnaire and two answers."""
    enrolment = enrolled(make_asking_study(researcher, part=TRUST), reader_user)
    answer(signed_in(reader_user), enrolment)
    EventBatch.objects.create(
        trial=enrolment.trials.earliest("position"), page=uuid.uuid4(), seq=0, events=[], received_at=timezone.now()
    )
    return enrolment


def answer(client: Client, enrolment: Enrolment) -> None:
    fill(client, enrolment, "start", "trust")
    for _time in range(2):
        go_on(client, enrolment)
        assert send(client, current(enrolment), "rate").status_code == 200


def test_answers_stay_where_that_is_chosen(reading: Enrolment) -> None:
    withdraw(enrolment=reading, answers="keep")
    reading.refresh_from_db()
    assert (reading.state, reading.leaving) == (EnrolmentState.WITHDRAWN, Leaving.KEPT)
    assert (Response.objects.count(), QuestionnaireResponse.objects.count()) == (2, 1)


def test_nothing_that_was_said_is_left_after_erasure(reading: Enrolment, outsider: User) -> None:
    other = enrolled_beside(reading, outsider)
    withdraw(enrolment=reading, answers="delete")
    reading.refresh_from_db()
    assert (reading.state, reading.leaving) == (EnrolmentState.WITHDRAWN, Leaving.ERASED)
    assert not Response.objects.filter(trial__enrolment=reading).exists()
    assert not QuestionnaireResponse.objects.filter(enrolment=reading).exists()
    assert not Session.objects.filter(enrolment=reading).exists()
    assert not EventBatch.objects.filter(trial__enrolment=reading).exists()
    assert not reading.trials.exclude(served_at=None).exists()
    assert Response.objects.filter(trial__enrolment=other).count() == 2


def enrolled_beside(reading: Enrolment, user: User) -> Enrolment:
    other = enrolled(Ward(reading.version.study, user), user)
    answer(signed_in(user), other)
    return other


def test_the_record_tells_how_many_and_nothing_of_what(reading: Enrolment) -> None:
    withdraw(enrolment=reading, answers="delete")
    entry = Entry.objects.get(action="answers.erased")
    assert entry.detail == {"responses": 2, "questionnaires": 1, "events": 1}
    assert sorted(Erasure.objects.values_list("relation", flat=True)) == [
        "studies_eventbatch",
        "studies_questionnaireresponse",
        "studies_response",
        "studies_response",
    ]
    assert first_broken_entry() is None


def test_other_rows_still_cannot_be_deleted(reading: Enrolment, outsider: User) -> None:
    enrolled_beside(reading, outsider)
    withdraw(enrolment=reading, answers="delete")
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        Response.objects.all().delete()
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        Erasure.objects.all().delete()
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        Response.objects.update(answers={})


def test_what_the_consent_does_not_offer_is_refused(researcher: User, reader_user: User) -> None:
    only_keep = PROTOCOL.replace("  ethics: EK 12/2026\n", "  ethics: EK 12/2026\n  withdrawal: [keep]\n")
    protocol, _lines = read(only_keep.format(slug="x", blocks=BLOCKS["usefulness"], outcome="coverage"))
    usual, _lines = read(PROTOCOL.format(slug="x", blocks=BLOCKS["usefulness"], outcome="coverage"))
    assert consent_hash(protocol) != consent_hash(usual)
    enrolment = enrolled(make_asking_study(researcher, part=TRUST, protocol=only_keep), reader_user)
    with pytest.raises(NotOffered):
        withdraw(enrolment=enrolment, answers="delete")
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.CONSENTED


def test_an_erased_person_may_take_the_answers_along(reading: Enrolment, reader_user: User) -> None:
    erased = erase_person(email=reader_user.email, answers=True)
    assert erased.answers == 4
    assert not Response.objects.exists()
    reading.refresh_from_db()
    assert (reading.state, reading.leaving) == (EnrolmentState.WITHDRAWN, Leaving.ERASED)
