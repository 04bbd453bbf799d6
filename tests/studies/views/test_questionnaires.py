"""Questionnaires over HTTP: when they come, what is stored, and that nothing is lost, doubled or let through."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import User
from studies.due import seed_for
from studies.models import Enrolment, EnrolmentState, Leaving, QuestionnaireResponse
from studies.questionnaires import Asked, Occasion, questionnaire_of
from studies.questionnaires.colour_vision import figures
from tests.studies.forms_ward import answers_to, fill, make_asking_study
from tests.studies.steps import current, go_on, send
from tests.studies.ward import Ward, enrolled, signed_in

pytestmark = pytest.mark.django_db

START = ["reader-profile", "colour-vision", "heatmaps", "comprehension", "trust"]
TOAST = {f"item-{number}": 4 for number in range(1, 10)}


@pytest.fixture
def ward(researcher: User) -> Ward:
    return make_asking_study(researcher)


def now_at(client: Client, enrolment: Enrolment) -> str:
    """The path that a reader lands on."""
    page = client.get(f"/study/{enrolment.pk}/", follow=True)
    assert page.status_code == 200
    return str(page.redirect_chain[-1][0])


def wrong() -> dict[str, Any]:
    found = questionnaire_of(Asked("comprehension"))
    first = found.items[0]
    return answers_to("comprehension") | {
        first.name: next(each.value for each in first.choices if each.value != first.right)
    }


def read_all(client: Client, enrolment: Enrolment) -> None:
    for _trial in range(enrolment.trials.count()):
        go_on(client, enrolment)
        assert send(client, current(enrolment), "rate").status_code == 200


def test_the_whole_way(reading: Enrolment, browser_of_reader: Client) -> None:
    """In order, once each, and no image before the first five are filled in."""
    client, root = browser_of_reader, f"/study/{reading.pk}/ask"
    for name in START:
        assert now_at(client, reading) == f"{root}/start/{name}"
        sent = fill(client, reading, "start", name)
        assert sent.status_code == 200, sent.content
        assert sent.json()["next"] == f"/study/{reading.pk}/"
    assert now_at(client, reading).endswith("/instructions")
    read_all(client, reading)
    reading.refresh_from_db()
    assert reading.state == EnrolmentState.COMPLETED
    assert now_at(client, reading) == f"{root}/after-1/toast"
    assert "Continue" in client.get("/").content.decode()
    fill(client, reading, "after-1", "toast", TOAST)
    assert now_at(client, reading) == f"{root}/after-1/nasa-tlx"
    load = {f"item-{number}": 50 for number in range(1, 7)}
    pairs = {f"pair-{first}-{second}": first for first in range(1, 7) for second in range(first + 1, 7)}
    assert fill(client, reading, "after-1", "nasa-tlx", load | pairs).status_code == 200
    for name in ("sus", "trust", "debrief"):
        assert now_at(client, reading) == f"{root}/end/{name}"
        assert fill(client, reading, "end", name).status_code == 200
    page = client.get(f"/study/{reading.pk}/", follow=True)
    assert page.redirect_chain[-1][0].endswith("/thanks")
    assert b"<textarea" not in page.content
    assert QuestionnaireResponse.objects.count() == 10
    trust = QuestionnaireResponse.objects.filter(questionnaire="trust")
    assert [row.place for row in trust] == ["start", "end"]


def test_no_image_comes_before_the_comprehension_check(reading: Enrolment, browser_of_reader: Client) -> None:
    token = current(reading).token
    page = browser_of_reader.get(f"/s/{token}/", follow=True)
    assert page.redirect_chain[-1][0].endswith("/ask/start/reader-profile")
    browser_of_reader.post(f"/study/{reading.pk}/instructions")
    assert now_at(browser_of_reader, reading).endswith("/ask/start/reader-profile")


def test_a_row_says_what_was_shown(reading: Enrolment, browser_of_reader: Client) -> None:
    fill(browser_of_reader, reading, "start", "reader-profile", language="de", client={"active_seconds": 31})
    row = QuestionnaireResponse.objects.get()
    found = questionnaire_of(Asked("reader-profile"))
    assert (row.questionnaire, row.version, row.wording) == ("reader-profile", found.version, found.wording)
    assert (row.language, row.order) == ("de", [item.name for item in found.items])
    assert row.answers == answers_to("reader-profile")
    assert row.client == {"active_seconds": 31}


def test_the_same_key_is_stored_once(reading: Enrolment, browser_of_reader: Client) -> None:
    key = uuid.uuid4()
    first, second = (fill(browser_of_reader, reading, "start", "reader-profile", key=key) for _time in range(2))
    assert first.json() == second.json()
    assert QuestionnaireResponse.objects.count() == 1
    again = fill(browser_of_reader, reading, "start", "reader-profile")
    assert again.status_code == 409
    assert again.json()["superseded"]
    other = fill(browser_of_reader, reading, "start", "colour-vision", key=key)
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("where", "name", "answers", "status"),
    [
        ("start", "reader-profile", {}, 422),
        ("start", "reader-profile", {"specialty": "wizard"}, 422),
        ("end", "debrief", None, 404),
        ("after-1", "toast", TOAST, 404),
        ("start", "jian", {}, 404),
    ],
)
def test_what_is_refused_writes_nothing(
    reading: Enrolment, browser_of_reader: Client, where: str, name: str, answers: Any, status: int
) -> None:
    refused = fill(browser_of_reader, reading, where, name, answers)
    assert refused.status_code == status
    assert refused.json()["detail"]
    assert not QuestionnaireResponse.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", '{"key": 1}', '{"key": "0f8fad5b-d9cb-469f-a165-70867728950e"}'])
def test_what_is_no_answer_is_told_so(reading: Enrolment, browser_of_reader: Client, body: str) -> None:
    path = f"/study/{reading.pk}/ask/start/reader-profile/answer"
    assert browser_of_reader.post(path, body, content_type="application/json").status_code == 400


def test_nobody_fills_in_for_another(reading: Enrolment, outsider: User) -> None:
    client = signed_in(outsider)
    assert client.get(f"/study/{reading.pk}/ask/start/reader-profile").status_code == 404
    assert client.get(f"/study/{reading.pk}/plate/1").status_code == 404
    assert fill(client, reading, "start", "reader-profile").status_code == 404
    assert fill(Client(), reading, "start", "reader-profile").status_code == 401


def test_consent_comes_first(ward: Ward, reader_user: User) -> None:
    enrolment, client = enrolled(ward, reader_user, consented=False), signed_in(reader_user)
    assert client.get(f"/study/{enrolment.pk}/ask/start/reader-profile").url.endswith("/consent")  # type: ignore[attr-defined]
    assert fill(client, enrolment, "start", "reader-profile").status_code == 403


def test_rows_can_neither_be_changed_nor_deleted(reading: Enrolment, browser_of_reader: Client) -> None:
    fill(browser_of_reader, reading, "start", "reader-profile")
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        QuestionnaireResponse.objects.update(answers={})
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        QuestionnaireResponse.objects.all().delete()


def test_a_failed_check_explains_and_asks_again(reading: Enrolment, browser_of_reader: Client) -> None:
    client = browser_of_reader
    for name in START[:3]:
        fill(client, reading, "start", name)
    fill(client, reading, "start", "comprehension", wrong())
    page = client.get(f"/study/{reading.pk}/", follow=True).content.decode()
    assert "1 answer was not right" in page
    assert "Colour stands for importance" in page
    assert "you may try 1 more time." in page
    fill(client, reading, "start", "comprehension", wrong())
    assert now_at(client, reading).endswith("/start/trust")
    rows = QuestionnaireResponse.objects.filter(questionnaire="comprehension")
    assert [(row.attempt, row.outcome["passed"]) for row in rows] == [(1, False), (2, False)]


def test_right_answers_are_not_in_the_page(reading: Enrolment, browser_of_reader: Client) -> None:
    """The page of the check reads the same whichever answers are the right ones."""
    client = browser_of_reader
    for name in START[:3]:
        fill(client, reading, "start", name)
    page = client.get(f"/study/{reading.pk}/", follow=True).content.decode()
    assert "strong-colour" in page
    for item in questionnaire_of(Asked("comprehension")).items:
        assert item.why.in_language("en") not in page


def test_a_protocol_may_end_the_study_for_who_fails(researcher: User, reader_user: User) -> None:
    part = "questionnaires:\n  start: [{name: comprehension, attempts: 1, on_failure: end}]\n"
    enrolment = enrolled(make_asking_study(researcher, part=part), reader_user)
    client = signed_in(reader_user)
    fill(client, enrolment, "start", "comprehension", wrong())
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.leaving) == (EnrolmentState.WITHDRAWN, Leaving.SCREENED)
    page = client.get(f"/study/{enrolment.pk}/", follow=True).content.decode()
    assert "Thank you for your time" in page


def test_plates_are_the_readers_own_and_tell_their_figure_to_nobody(
    ward: Ward, reading: Enrolment, browser_of_reader: Client, outsider: User
) -> None:
    fill(browser_of_reader, reading, "start", "reader-profile")
    page = browser_of_reader.get(f"/study/{reading.pk}/", follow=True).content.decode()
    alternatives = re.findall(r'<img[^>]*alt="([^"]*)"', page)
    assert len(alternatives) == 3
    assert len(set(alternatives)) == 1
    plates = [browser_of_reader.get(f"/study/{reading.pk}/plate/{number}") for number in (1, 2, 3)]
    assert {plate["Content-Type"] for plate in plates} == {"image/png"}
    assert all("no-store" in plate["Cache-Control"] for plate in plates)
    assert browser_of_reader.get(f"/study/{reading.pk}/plate/4").status_code == 404
    other = enrolled(ward, outsider)
    assert signed_in(outsider).get(f"/study/{other.pk}/plate/1").content != plates[0].content
    seen = figures(seed_for(reading, Occasion("start", Asked("colour-vision"))))
    answers = {f"plate-{number}": figure for number, figure in enumerate(seen, start=1)} | {"own-report": "none"}
    fill(browser_of_reader, reading, "start", "colour-vision", answers)
    row = QuestionnaireResponse.objects.get(questionnaire="colour-vision")
    assert row.outcome == {"seen": 3, "of": 3, "skipped": 0, "flag": False}


def test_without_scripts_a_form_suffices(reading: Enrolment, browser_of_reader: Client) -> None:
    path = f"/study/{reading.pk}/ask/start/reader-profile"
    given = answers_to("reader-profile")
    refused = browser_of_reader.post(path, {"specialty": given["specialty"]})
    assert refused.status_code == 422
    assert b"Please answer this question." in refused.content
    key = re.search(r'name="key" value="([^"]+)"', refused.content.decode())
    assert key
    sent = [browser_of_reader.post(path, given | {"key": key.group(1)}) for _time in range(2)]
    assert [each.url for each in sent] == [f"/study/{reading.pk}/"] * 2  # type: ignore[attr-defined]
    assert QuestionnaireResponse.objects.get().answers == given


def test_a_remark_may_be_left_where_no_debrief_is_asked_for(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(make_asking_study(researcher, part=""), reader_user)
    client = signed_in(reader_user)
    read_all(client, enrolment)
    page = client.get(f"/study/{enrolment.pk}/thanks").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    for _time in range(2):
        client.post(f"/study/{enrolment.pk}/thanks", {"text": "Tiring.", "key": key.group(1)})
    row = QuestionnaireResponse.objects.get()
    assert (row.questionnaire, row.place, row.answers) == ("remark", "end", {"remark": "Tiring."})


def test_every_page_within_six_queries(reading: Enrolment, browser_of_reader: Client) -> None:
    client, most = browser_of_reader, 0
    for name in START:
        path = f"/study/{reading.pk}/ask/start/{name}"
        for act in (lambda path=path: client.get(path), lambda name=name: fill(client, reading, "start", name)):
            with CaptureQueriesContext(connection) as captured:
                assert act().status_code == 200
            most = max(most, sum("SAVEPOINT" not in each["sql"] for each in captured))
    assert most <= 6
