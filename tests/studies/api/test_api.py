"""The REST interface: researchers read studies, a reader's token opens that reader's trials alone."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.models import Enrolment, RunKind, Trial, TrialState
from tests.studies.ward import METHODS, NETWORKS, Ward, enrolled

pytestmark = pytest.mark.django_db


def calling(user: User | None) -> APIClient:
    """A client that carries the user's token."""
    client = APIClient()
    if user:
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=user)[0].key}")
    return client


ROUTES = ["cases/", "models/", "runs/", "studies/", "responses/"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("who", "status"), [("nobody", 401), ("reader", 403), ("researcher", 200), ("administrator", 200)]
)
def test_things_are_for_researchers(
    route: str, who: str, status: int, reader_user: User, researcher: User, administrator: User
) -> None:
    user = {"nobody": None, "reader": reader_user, "researcher": researcher, "administrator": administrator}[who]
    assert calling(user).get(f"/api/v1/{route}").status_code == status


def test_a_reader_sees_own_trials_and_nobody_elses(ward: Ward, reading: Enrolment, reader_user: User) -> None:
    other = User.objects.create_user("other@example.org")
    theirs = enrolled(ward, other)
    Trial.objects.filter(position=0).update(state=TrialState.OPEN)
    found = calling(reader_user).get("/api/v1/trials/").json()["results"]
    assert [trial["token"] for trial in found] == [reading.trials.get(position=0).token]
    stranger = theirs.trials.get(position=0).token
    assert calling(reader_user).get(f"/api/v1/trials/{stranger}/").status_code == 404


def test_a_readers_trials_tell_nothing_of_method_or_case(reading: Enrolment, reader_user: User) -> None:
    Trial.objects.update(state=TrialState.OPEN)
    said = calling(reader_user).get("/api/v1/trials/").content.decode()
    told = [word for word in (*METHODS, *NETWORKS, "ward-0", "arm") if word in said]
    assert told == []


def test_trials_not_yet_reached_are_not_listed(reading: Enrolment, reader_user: User) -> None:
    assert calling(reader_user).get("/api/v1/trials/").json()["count"] == 0


def test_export_is_a_table_of_the_kinds_asked_for(ward: Ward, reading: Enrolment, researcher: User) -> None:
    answer = calling(researcher).get(f"/api/v1/studies/{ward.study.slug}/export/?include=live,bot")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv"
    assert {"reader", "method", "score"} <= set(pd.read_csv(io.BytesIO(answer.content)).columns)
    assert Entry.objects.filter(action="study.export", actor=researcher).count() == 1


def test_an_unknown_kind_of_run_gets_one_sentence(ward: Ward, researcher: User) -> None:
    answer = calling(researcher).get("/api/v1/responses/?include=everyone")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("There is no kind of run called 'everyone'")


def test_responses_of_bots_are_not_counted_unless_asked(ward: Ward, researcher: User) -> None:
    assert calling(researcher).get("/api/v1/responses/").json()["count"] == 0
    assert RunKind.BOT in RunKind.values


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_responses_are_read_only(verb: str, researcher: User) -> None:
    assert getattr(calling(researcher), verb)("/api/v1/responses/").status_code == 405


def test_a_token_is_given_for_a_password(researcher: User) -> None:
    answer = APIClient().post("/api/v1/token/", {"username": researcher.email, "password": "correct horse"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"token"}
    assert APIClient().post("/api/v1/token/", {"username": researcher.email, "password": "x"}).status_code == 400


def test_the_schema_and_its_page_are_served_here(researcher: User) -> None:
    client = calling(researcher)
    assert client.get("/api/v1/schema/").status_code == 200
    page = client.get("/api/v1/docs/").content.decode()
    assert "https://" not in page.replace("https://www.w3.org", "")
