"""The monitor: who is stuck, what drifts, which catch trials failed; few queries for 500 readers, and never an arm."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from studies.models import Arm, Enrolment, Reader, Response, Session, Stimulus, Study, Trial
from studies.panel.attention import Answered, failed_catches, rating_drift, speed_drift, stuck
from studies.panel.progress import live_progress
from tests.studies.panel.conftest import address
from tests.studies.ward import Ward, enrolled

NOW = timezone.now()


def answers(ratings: list[int], seconds: list[float] | None = None, purpose: str = "ordinary") -> list[Answered]:
    times = seconds or [5.0] * len(ratings)
    return [Answered("rate", purpose, each, rating) for rating, each in zip(ratings, times, strict=True)]


@pytest.mark.parametrize(
    "facts, words",
    [
        ({"last_seen": NOW - timedelta(days=4)}, "away for 4 days"),
        ({"last_seen": NOW - timedelta(days=2)}, ""),
        ({"last_seen": None, "since": NOW - timedelta(days=5)}, "not begun for 5 days"),
        ({"last_seen": None, "since": NOW}, ""),
        ({"last_seen": NOW - timedelta(days=4), "finished": True}, ""),
        ({"last_seen": NOW - timedelta(days=40), "waits": True}, ""),
    ],
)
def test_who_is_stuck(facts: dict[str, Any], words: str) -> None:
    assert stuck(**{"finished": False, "waits": False, "since": NOW, "now": NOW, **facts}) == words


def test_ratings_that_rise_within_a_block() -> None:
    assert rating_drift(answers([1, 2] * 3 + [3, 4] * 3)) == ("rate", 2.0)
    assert rating_drift(answers([1] * 5 + [5] * 6)) is None
    # Two blocks of different levels are no drift.
    calm = answers([1, 2] * 6) + [Answered("other", "ordinary", 5.0, 5) for _each in range(12)]
    assert rating_drift(calm) == ("rate", 0.0)
    assert rating_drift(answers([1] * 6 + [5] * 6, purpose="catch")) is None


def test_a_last_half_in_a_hurry() -> None:
    assert speed_drift(answers([3] * 12, [10.0] * 6 + [4.0] * 6)) == ("rate", 0.4)
    assert speed_drift(answers([3] * 11, [10.0] * 11)) is None


def test_catch_trials_fail_above_the_middle() -> None:
    assert failed_catches(answers([1, 3, 4, 5], purpose="catch") + answers([5]), 3.0) == (2, 4)


@pytest.mark.django_db
def test_a_stuck_reader_and_a_failed_catch_trial_are_shown(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    caught = read_through.trials.filter(task="usefulness", is_practice=False)[0]
    Trial.objects.filter(pk=caught.pk).update(purpose="catch")
    away = enrolled(ward, User.objects.create_user("away@example.org", "correct horse"))
    Session.objects.create(enrolment=away, number=1, started_at=NOW, last_seen_at=NOW - timedelta(days=9))
    html = panel.get(address(ward, "readers/")).content.decode()
    assert "1 of 1 catch trials failed" in html  # it was rated 4 of 5
    assert "away for 9 days" in html
    assert "<strong>1 stuck</strong>" in html


@pytest.mark.django_db
def test_who_waits_for_the_next_session_is_not_stuck(ward: Ward, read_through: Enrolment) -> None:
    Enrolment.objects.update(state="consented")
    Session.objects.update(last_seen_at=NOW - timedelta(days=9))
    Trial.objects.filter(position__gte=4).update(period=2, state="pending")
    (reader,) = live_progress(ward.study).readers
    assert not reader.is_stuck


@pytest.mark.django_db
def test_the_monitor_never_tells_an_arm(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    html = panel.get(address(ward, "readers/?table=1")).content.decode().lower()
    for label in {*Arm.objects.values_list("label", flat=True)} - {""}:
        assert label not in html
    for code in Arm.objects.values_list("code", flat=True):
        assert f"arm {code}".lower() not in html


@pytest.fixture
def crowd(ward: Ward) -> Study:
    """500 readers with 20 trials each, all but the last five answered."""
    version = ward.study.versions.get()
    stimulus = Stimulus.objects.filter(version=version).exclude(display="")[0]
    readers = Reader.objects.bulk_create(Reader(study=ward.study, pseudonym=f"R-{n:04d}") for n in range(500))
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(version=version, reader=reader, slot=slot, state="consented") for slot, reader in enumerate(readers)
    )
    sessions = Session.objects.bulk_create(
        Session(enrolment=each, number=1, started_at=NOW, last_seen_at=NOW) for each in enrolments
    )
    trials = Trial.objects.bulk_create(
        Trial(
            enrolment=enrolment,
            position=position,
            block="rate",
            task="usefulness",
            case=stimulus.case,
            arm=stimulus.arm,
            stimulus=stimulus,
            token=f"{enrolment.pk}-{position}",
            state="done" if position < 15 else "pending",
        )
        for enrolment in enrolments
        for position in range(20)
    )
    sitting = {each.enrolment_id: each for each in sessions}
    Response.objects.bulk_create(
        Response(
            trial=trial,
            session=sitting[trial.enrolment_id],
            step="rate",
            key=uuid.uuid4(),
            answers={"coverage": 3, "extraneous": 2},
            client={"active_seconds": 5.0},
            received_at=NOW,
        )
        for trial in trials
        if trial.state == "done"
    )
    return ward.study


@pytest.mark.django_db
def test_six_queries_for_500_readers(crowd: Study, django_assert_max_num_queries: Any) -> None:
    begun = time.perf_counter()
    with django_assert_max_num_queries(6):
        progress = live_progress(crowd)
    assert (len(progress.readers), progress.done, progress.total) == (500, 7500, 10_000)
    assert progress.flagged == 0
    # Far above what it takes (about half a second), far below what a query a reader would.
    assert time.perf_counter() - begun < 10
