"""The next trial's image may be fetched early; its maps, its page and its answer may not, and nothing further on."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from studies.models import Enrolment, Trial, TrialState
from tests.studies.steps import current, go_on, send
from tests.studies.ward import enrolled, make_study, signed_in


@pytest.fixture
def reading(researcher: User, reader_user: User) -> Enrolment:
    ward = make_study(researcher, tasks=("preference", "usefulness"))
    return enrolled(ward, reader_user)


@pytest.fixture
def client(reading: Enrolment, reader_user: User) -> Client:
    """On the page of the first trial."""
    found = signed_in(reader_user)
    found.get(f"/study/{reading.pk}/instructions")
    go_on(found, reading)
    assert current(reading).state == TrialState.OPEN
    return found


def status(client: Client, trial: Trial, what: str) -> int:
    return client.get(f"/s/{trial.token}/{what}").status_code


def test_the_very_next_image_alone(client: Client, reading: Enrolment) -> None:
    first, second, third = reading.trials.order_by("position")[:3]
    assert {first.block, second.block, third.block} == {first.block}
    assert [status(client, second, what) for what in ("image", "header")] == [200, 200]
    assert [status(client, second, f"overlay/{letter}") for letter in "ab"] == [404, 404]
    assert [status(client, third, what) for what in ("image", "header", "overlay/a")] == [404, 404, 404]
    assert status(client, second, "") == 404
    second.refresh_from_db()
    assert (second.state, second.served_at) == (TrialState.PENDING, None)


def test_its_answer_is_refused(client: Client, reading: Enrolment) -> None:
    second = reading.trials.order_by("position")[1]
    assert send(client, second, "compare").status_code == 404
    assert not second.responses.exists()


def test_an_image_is_the_same_early_and_in_its_time(client: Client, reading: Enrolment) -> None:
    first, second = reading.trials.order_by("position")[:2]
    early = client.get(f"/s/{second.token}/image")
    send(client, first, "compare")
    client.get(f"/s/{second.token}/")
    late = client.get(f"/s/{second.token}/image")
    assert early.content == late.content
    assert dict(early.headers) == dict(late.headers)


def test_no_image_of_the_next_block_or_the_next_session(client: Client, reading: Enrolment) -> None:
    """Instructions or weeks stand between."""
    second = reading.trials.order_by("position")[1]
    Trial.objects.filter(pk=second.pk).update(period=2)
    assert status(client, second, "image") == 404
    Trial.objects.filter(pk=second.pk).update(period=1, block="another")
    assert status(client, second, "image") == 404


def test_none_before_the_current_trial_was_looked_at(reading: Enrolment, reader_user: User) -> None:
    first, second = reading.trials.order_by("position")[:2]
    client = signed_in(reader_user)
    assert [status(client, each, "image") for each in (first, second)] == [404, 404]


def test_the_page_says_which_image_comes_next(client: Client, reading: Enrolment) -> None:
    first, second = reading.trials.order_by("position")[:2]
    page = client.get(f"/s/{first.token}/").content.decode()
    assert f'data-ahead-image="/s/{second.token}/image"' in page
    assert f"{second.token}/overlay" not in page


def test_the_image_is_there_between_the_answer_and_the_next_page(client: Client, reading: Enrolment) -> None:
    """A quick reader's browser asks for it just then."""
    first, second, third = reading.trials.order_by("position")[:3]
    send(client, first, "compare")
    assert [status(client, second, what) for what in ("image", "header")] == [200, 200]
    assert [status(client, third, what) for what in ("image", "header")] == [404, 404]
    assert status(client, second, "overlay/a") == 404
