"""Two hundred readers who enrol at the same moment stay balanced; stored orders can be drawn again to the byte."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, Purpose, RunKind, Trial
from studies.protocol import from_document, schedule
from studies.services.enrol import enrol_reader, withdraw
from tests.studies.ward import Ward, make_study

READERS = 200
AT_ONCE = 60
"""Connections at one moment; the server allows about a hundred."""


def key(trial: Trial) -> list[str]:
    return [stimulus.arm.key for stimulus in trial.stimuli]


def stored(enrolment: Enrolment) -> bytes:
    """A stored order as bytes."""
    trials = enrolment.trials.select_related("case", "stimulus__arm__network").order_by("position")
    return json.dumps([[t.block, t.case.slug, key(t), t.period, t.purpose] for t in trials]).encode()


def drawn_again(enrolment: Enrolment) -> bytes:
    """The same order from the protocol, its hash and the slot alone."""
    version = enrolment.version
    planned = schedule(from_document(version.document), version.hash, enrolment.slot)
    return json.dumps([[block.name, p.case, list(p.arms), p.period, p.purpose] for block, p in planned]).encode()


def enrol_together(ward: Ward, users: list[User]) -> list[BaseException]:
    """All through connections of their own, the first of them let go at one moment."""
    gate = threading.Barrier(AT_ONCE)
    failed: list[BaseException] = []
    waiting = iter(range(AT_ONCE))

    def enrol(user: User) -> None:
        try:
            if next(waiting, None) is not None:
                gate.wait(timeout=60)
            enrol_reader(study=ward.study, user=user, run_kind=RunKind.LIVE)
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(enrol, users))
    return failed


@pytest.mark.db
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_hundred_readers_at_once_stay_balanced() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nothing happens at once there. Set DATABASE_URL to PostgreSQL.")
    researcher = User.objects.create_user("researcher@example.org", role="researcher")
    ward = make_study(researcher, tasks=("usefulness",))
    users = [User.objects.create_user(f"reader{number}@example.org") for number in range(READERS)]
    leaving = [enrol_reader(study=ward.study, user=user, run_kind=RunKind.LIVE) for user in users[:20]]
    for enrolment in leaving[::2]:
        withdraw(enrolment=enrolment)
    assert enrol_together(ward, users[20:]) == []
    reading = Enrolment.objects.exclude(state=EnrolmentState.WITHDRAWN)
    slots = sorted(reading.values_list("slot", flat=True))
    assert slots == list(range(READERS - 10)), "each slot once, those of who left first"
    rated: Counter[tuple[str, str]] = Counter(
        Trial.objects.filter(enrolment__in=reading, purpose=Purpose.ORDINARY).values_list("case__slug", "arm__code")
    )
    assert len(rated) == 9
    assert max(rated.values()) - min(rated.values()) <= 1
    for enrolment in reading[::20]:
        assert stored(enrolment) == drawn_again(enrolment)


@pytest.mark.django_db
def test_stored_orders_are_drawn_again_to_the_byte(ward: Ward) -> None:
    users = [User.objects.create_user(f"reader{number}@example.org") for number in range(6)]
    enrolments = [enrol_reader(study=ward.study, user=user, run_kind=RunKind.LIVE) for user in users]
    assert [stored(each) for each in enrolments] == [drawn_again(each) for each in enrolments]
    assert len({stored(each) for each in enrolments}) == 6
