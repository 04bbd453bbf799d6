"""Enrolment: slots, trials at once, consent, withdrawal, previews."""

from __future__ import annotations

import pytest

from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, RunKind
from studies.selectors import consent_hash, consent_in_force, has_consented, place_of
from studies.services.design import close_study, lock_study, new_version
from studies.services.enrol import (
    ConsentChanged,
    EnrolmentError,
    NotOpen,
    Withdrawn,
    enrol_reader,
    give_consent,
    start_preview,
    withdraw,
)
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, enrolled


def people(count: int) -> list[User]:
    return [User.objects.create_user(f"reader{number}@example.org", None) for number in range(count)]


def test_trials_stand_before_the_first_page(ward: Ward, reader_user: User) -> None:
    enrolment = enrolled(ward, reader_user, consented=False)
    positions = list(enrolment.trials.values_list("position", flat=True))
    assert positions == list(range(4 + 3 + 2))
    assert place_of(enrolment).minutes_left == 4, "20 s for each of 7 ratings and 40 s for each of 2 readings"


def test_slots_and_pseudonyms_are_taken_once(ward: Ward) -> None:
    enrolments = [enrolled(ward, user) for user in people(5)]
    assert sorted(each.slot for each in enrolments) == [0, 1, 2, 3, 4]
    assert len({each.reader.pseudonym for each in enrolments}) == 5


def test_a_withdrawn_slot_is_given_again(ward: Ward) -> None:
    first, second, third = people(3)
    withdraw(enrolment=enrolled(ward, first))
    enrolled(ward, second)
    assert Enrolment.objects.get(reader__user=second).slot == 0
    assert enrolled(ward, third).slot == 1
    with pytest.raises(Withdrawn):
        enrol_reader(study=ward.study, user=first, run_kind=RunKind.LIVE)


def test_run_kinds_have_slots_of_their_own(ward: Ward, reader_user: User, researcher: User) -> None:
    assert enrolled(ward, reader_user).slot == 0
    preview = start_preview(study=ward.study, actor=researcher)
    assert (preview.slot, preview.run_kind) == (0, RunKind.PREVIEW)
    assert start_preview(study=ward.study, actor=researcher) == preview
    with pytest.raises(EnrolmentError, match="Only researchers"):
        start_preview(study=ward.study, actor=reader_user)


def test_a_closed_study_takes_nobody(ward: Ward, reader_user: User) -> None:
    close_study(study=ward.study, actor=ward.researcher)
    ward.study.refresh_from_db()
    with pytest.raises(NotOpen):
        enrol_reader(study=ward.study, user=reader_user, run_kind=RunKind.LIVE)


def test_consent_keeps_the_hash_of_the_text(ward: Ward, reader_user: User) -> None:
    enrolment = enrolled(ward, reader_user, consented=False)
    assert not has_consented(enrolment)
    with pytest.raises(ConsentChanged):
        give_consent(enrolment=enrolment, text_hash="0" * 64)
    given = give_consent(enrolment=enrolment, text_hash=consent_hash(consent_in_force(enrolment)))
    assert (given.state, given.consent_version) == (EnrolmentState.CONSENTED, "1")
    assert has_consented(given)
    assert given.consented_at is not None


def test_a_new_text_is_asked_again(ward: Ward, reader_user: User) -> None:
    enrolment = enrolled(ward, reader_user)
    source = PROTOCOL.format(slug="ward-study", blocks="".join(BLOCKS.values()))
    changed = source.replace('version: "1"', 'version: "2"').replace("You read images.", "You read many images.")
    new_version(study=ward.study, source=changed, reason="ethics committee", actor=ward.researcher)
    assert has_consented(enrolment), "a draft changes nothing"
    lock_study(study=ward.study, actor=ward.researcher)
    assert not has_consented(Enrolment.objects.get(pk=enrolment.pk))
