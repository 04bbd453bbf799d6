"""Answers: stored once, never changed, refused with one sentence and nothing written."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from portal.accounts.models import User
from studies.models import Enrolment, Response, Trial, TrialState
from studies.services.design import close_study
from studies.services.run import record_response
from studies.truths import overlap
from tests.studies.steps import ANSWERS, current, go_on, send
from tests.studies.ward import Ward, enrolled, make_study


def finish(client: Client, enrolment: Enrolment, task: str) -> Trial:
    """Answer everything before the first trial of this task."""
    steps = {"usefulness": ["rate"], "preference": ["compare"], "diagnosis": ["initial", "final"]}
    while (trial := current(enrolment)).task != task:
        for step in steps[trial.task]:
            assert send(client, trial, step).status_code == 200
    return trial


def test_the_same_key_gives_the_stored_row(reading: Enrolment, browser_of_reader: Client) -> None:
    trial, key = current(reading), uuid.uuid4()
    first = send(browser_of_reader, trial, "rate", key=key)
    second = send(browser_of_reader, trial, "rate", {"coverage": 1, "extraneous": 1}, key=key)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    stored = Response.objects.get()
    assert stored.answers == {"coverage": 4, "extraneous": 2}
    assert stored.key == key


@pytest.mark.db
@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_the_same_moment_is_stored_once(researcher: User, reader_user: User) -> None:
    ward = make_study(researcher, tasks=("usefulness",))
    trial, key = current(enrolled(ward, reader_user)), uuid.uuid4()
    start = threading.Barrier(4)
    found: list[Any] = []

    def click() -> None:
        try:
            start.wait()
            found.append(
                record_response(
                    user=reader_user, token=trial.token, key=key, step="rate", answers=ANSWERS["rate"], client={}
                )
            )
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _click in range(4)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert sorted(stored.created for stored in found) == [False, False, False, True]
    assert Response.objects.count() == 1


def test_another_key_for_an_answered_step_is_refused(reading: Enrolment, browser_of_reader: Client) -> None:
    trial = finish(browser_of_reader, reading, "diagnosis")
    send(browser_of_reader, trial, "initial")
    before = Response.objects.count()
    refused = send(browser_of_reader, trial, "initial", {"probability": 99})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "This was answered before, and that answer is kept."
    assert send(browser_of_reader, trial, "initial", {"probability": 99}, revise=True).status_code == 409
    assert Response.objects.count() == before
    assert Response.objects.get(trial=trial).answers == {"probability": 30.0}


def test_a_key_belongs_to_one_trial(reading: Enrolment, browser_of_reader: Client) -> None:
    key = uuid.uuid4()
    send(browser_of_reader, current(reading), "rate", key=key)
    refused = send(browser_of_reader, current(reading), "rate", key=key)
    assert refused.status_code == 409
    assert Response.objects.count() == 1


def test_the_last_rating_may_be_changed_and_the_first_is_kept(reading: Enrolment, browser_of_reader: Client) -> None:
    send(browser_of_reader, current(reading), "rate")
    trial = current(reading)
    send(browser_of_reader, trial, "rate")
    page = go_on(browser_of_reader, reading)
    assert page.context["shown"].previous == trial.token
    page = browser_of_reader.get(f"/s/{trial.token}/change")
    assert [option.value for option in page.context["shown"].questions[0].options if option.chosen] == [4]

    assert send(browser_of_reader, trial, "rate", {"coverage": 1, "extraneous": 5}, revise=True).status_code == 200
    given = list(Response.objects.filter(trial=trial).values_list("revision", "answers"))
    assert given == [(1, {"coverage": 4, "extraneous": 2}), (2, {"coverage": 1, "extraneous": 5})]
    send(browser_of_reader, current(reading), "rate")
    assert send(browser_of_reader, trial, "rate", revise=True).status_code == 409, "only the last one"


def test_the_map_is_not_there_before_the_first_answer(reading: Enrolment, browser_of_reader: Client) -> None:
    trial = finish(browser_of_reader, reading, "diagnosis")
    while current(reading).arm.kind != "explained":
        for step in ("initial", "final"):
            send(browser_of_reader, current(reading), step)
    trial = current(reading)
    page = go_on(browser_of_reader, reading)
    assert page.context["shown"].advice is None
    assert "data-map-url" not in page.content.decode()
    assert browser_of_reader.get(f"/s/{trial.token}/image").status_code == 200
    assert browser_of_reader.get(f"/s/{trial.token}/overlay/a").status_code == 404
    send(browser_of_reader, trial, "initial")
    assert browser_of_reader.get(f"/s/{trial.token}/overlay/a").status_code == 200
    assert browser_of_reader.get(f"/s/{trial.token}/overlay/b").status_code == 404
    page = go_on(browser_of_reader, reading)
    assert page.context["shown"].advice is not None
    assert page.context["shown"].first_percent == 30


def test_an_arm_without_a_map_has_none(reading: Enrolment, browser_of_reader: Client) -> None:
    finish(browser_of_reader, reading, "diagnosis")
    while current(reading).arm.kind == "explained":
        for step in ("initial", "final"):
            send(browser_of_reader, current(reading), step)
    trial = current(reading)
    go_on(browser_of_reader, reading)
    send(browser_of_reader, trial, "initial")
    assert browser_of_reader.get(f"/s/{trial.token}/overlay/a").status_code == 404
    assert go_on(browser_of_reader, reading).context["shown"].advice is not None


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"answers": {"coverage": 9, "extraneous": 1}}, 422, "Please choose one of the answers offered."),
        ({"answers": {"coverage": 3}}, 422, "Please answer this question."),
        ({"answers": {"coverage": 3, "extraneous": 1, "more": 1}}, 422, "This question is not asked here."),
        ({"answers": []}, 400, "This answer could not be read."),
        ({"key": "17"}, 400, "This answer could not be read."),
        ({"step": "final"}, 422, "This page has no such step."),
    ],
)
def test_bad_answers_are_one_sentence(
    reading: Enrolment, browser_of_reader: Client, body: dict[str, Any], status: int, sentence: str
) -> None:
    sent = {"answers": ANSWERS["rate"], "step": "rate"} | body
    refused = send(browser_of_reader, current(reading), sent.pop("step"), sent.pop("answers"), **sent)
    assert refused.status_code == status
    assert sentence in refused.json()["detail"]
    assert Response.objects.count() == 0
    assert current(reading).state == TrialState.PENDING


def test_practice_tells_what_is_known(reading: Enrolment, browser_of_reader: Client) -> None:
    trial = current(reading)
    assert trial.is_practice
    receipt = send(browser_of_reader, trial, "rate").json()
    assert "% of the nodule" in receipt["feedback"]["sentence"]
    receipt = send(browser_of_reader, current(reading), "rate").json()
    assert "feedback" not in receipt


def test_overlap_of_a_map_and_the_truth() -> None:
    """Worked by hand: ten bright pixels, four of them on a mask of eight."""
    import numpy as np

    shown = np.zeros((10, 10), dtype=np.uint8)
    shown[0, :] = 200
    mask = np.zeros((10, 10), dtype=bool)
    mask[0:2, 0:4] = True
    assert overlap(shown, mask) == (0.5, 0.6)
    assert overlap(shown, np.zeros((10, 10), dtype=bool)) == (None, None)
    assert overlap(np.zeros((10, 10), dtype=np.uint8), mask) == (None, None)


def test_a_closed_study_takes_no_answer(ward: Ward, reading: Enrolment, browser_of_reader: Client) -> None:
    trial = current(reading)
    close_study(study=ward.study, actor=ward.researcher)
    assert send(browser_of_reader, trial, "rate").status_code == 403
    assert Response.objects.count() == 0
