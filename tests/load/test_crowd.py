"""The load generator itself: it reads a study to its end, counts what it sent, and finds the rate that is too much."""

from __future__ import annotations

import math

import pytest
from pytest_django.live_server_helper import LiveServer

from studies.models import Enrolment, EnrolmentState, Trial, TrialState
from tests.load.crowd import Crowd, Submit
from tests.load.stages import Stage, crossing, stage
from tests.load.study import make_room, stored_keys, take_seats


@pytest.mark.django_db(transaction=True)
def test_a_small_crowd_reads_to_the_end(live_server: LiveServer) -> None:
    crowd = Crowd(live_server.url, take_seats(make_room(side=32), 2), think=(0.0, 0.01))
    # The last three trials of each are enough.
    Trial.objects.filter(position__lt=22).update(state=TrialState.DONE)
    left = Trial.objects.exclude(state=TrialState.DONE).values_list("task", flat=True)
    expected = sum(2 if task == "diagnosis" else 1 for task in left)
    crowd.sit_down()
    for thread in crowd.threads:
        thread.join(timeout=120)
    crowd.leave()
    assert (crowd.errors, crowd.finished) == ([], 2)
    assert sorted(stored_keys()) == sorted(each.key for each in crowd.submits)
    assert len(crowd.submits) == expected > 0
    assert set(Enrolment.objects.values_list("state", flat=True)) == {EnrolmentState.COMPLETED}


@pytest.mark.django_db(transaction=True)
def test_who_is_refused_is_counted(live_server: LiveServer) -> None:
    crowd = Crowd(live_server.url, take_seats(make_room(side=32), 1), think=(0.0, 0.01))
    Enrolment.objects.update(state=EnrolmentState.WITHDRAWN)
    crowd.sit_down()
    for _wait in range(100):
        if crowd.errors:
            break
        crowd.over.wait(0.1)
    crowd.leave()
    assert crowd.submits == []
    assert "does not know what to do at" in crowd.errors[0]


def test_a_stage_counts_what_was_sent_in_it() -> None:
    submits = [Submit(str(number), at=number / 10, seconds=0.01 * number) for number in range(100)]
    found = stage(submits, 0.0, 5.0)
    assert (found.submits, found.rate) == (50, 10.0)
    # The nearest ranks of 0.00 to 0.49: the 25th and the 48th.
    assert (found.median, found.p95) == pytest.approx((0.24, 0.47))


def test_the_rate_is_interpolated_between_the_stages_around_it() -> None:
    def at(rate: float, p95: float) -> Stage:
        return Stage(rate, p95 / 2, p95, 100)

    assert crossing([at(20, 0.1), at(40, 0.9)]) == (pytest.approx(30), True)
    assert crossing([at(20, 0.1), at(40, 0.2)]) == (40, False)
    assert crossing([at(20, 0.5)]) == (20, True)
    assert math.isnan(crossing([])[0])
