"""The address that takes interaction events: once each, late ones flagged, never another's, never changed."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, EventBatch, Trial
from tests.studies.steps import current, go_on
from tests.studies.ward import signed_in

pytestmark = pytest.mark.django_db
PAGE = str(uuid.UUID(int=5))


@pytest.fixture
def trial(reading: Enrolment, browser_of_reader: Client) -> Trial:
    """The trial that the reader looks at."""
    go_on(browser_of_reader, reading)
    return current(reading)


def post(client: Client, trial: Trial, **changes: Any) -> int:
    body = {"page": PAGE, "seq": 0, "step": "rate", "last": False, "events": [{"kind": "pan", "at": 12, "x0": 1}]}
    sent = client.post(f"/s/{trial.token}/events", json.dumps(body | changes), content_type="application/json")
    assert sent.content == b""
    return int(sent.status_code)


def test_a_batch_is_stored_once(trial: Trial, browser_of_reader: Client) -> None:
    assert post(browser_of_reader, trial) == 204
    assert post(browser_of_reader, trial, events=[]) == 204, "the same number again changes nothing"
    assert post(browser_of_reader, trial, seq=1, last=True) == 204
    stored = list(trial.event_batches.order_by("seq"))
    assert [(each.seq, each.is_last, each.is_late) for each in stored] == [(0, False, False), (1, True, False)]
    assert stored[0].events == [{"kind": "pan", "at": 12, "x0": 1}]


def test_few_queries(trial: Trial, browser_of_reader: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        post(browser_of_reader, trial)
    assert len([each for each in captured if "SAVEPOINT" not in each["sql"]]) <= 6


def test_what_is_wrong_stores_nothing(trial: Trial, browser_of_reader: Client, outsider: User) -> None:
    assert post(browser_of_reader, trial, events=[{"kind": "pan"}]) == 400
    assert post(browser_of_reader, trial, events=[{"kind": "pan", "at": 1, "x": "y" * 60}] * 2000) == 413
    assert post(signed_in(outsider), trial) == 404
    assert post(Client(), trial) == 401
    later = trial.enrolment.trials.order_by("-position")[0]
    assert post(browser_of_reader, later) == 404, "a trial that was not shown has no events"
    assert browser_of_reader.get(f"/s/{trial.token}/events").status_code == 405
    assert not EventBatch.objects.exists()


def test_late_events_are_flagged_for_a_day_and_then_refused(trial: Trial, browser_of_reader: Client) -> None:
    now = timezone.now()
    Trial.objects.filter(pk=trial.pk).update(state="done", completed_at=now - timedelta(seconds=5))
    assert post(browser_of_reader, trial) == 204
    Trial.objects.filter(pk=trial.pk).update(completed_at=now - timedelta(hours=23))
    assert post(browser_of_reader, trial, seq=1) == 204
    Trial.objects.filter(pk=trial.pk).update(completed_at=now - timedelta(hours=25))
    assert post(browser_of_reader, trial, seq=2) == 410
    assert list(trial.event_batches.order_by("seq").values_list("seq", "is_late")) == [(0, False), (1, True)]


def test_who_has_left_tells_nothing_more(trial: Trial, browser_of_reader: Client) -> None:
    Enrolment.objects.update(state=EnrolmentState.WITHDRAWN)
    assert post(browser_of_reader, trial) == 410


def test_rows_are_only_ever_added(trial: Trial, browser_of_reader: Client) -> None:
    post(browser_of_reader, trial)
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        EventBatch.objects.update(seq=3)
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        EventBatch.objects.all().delete()
