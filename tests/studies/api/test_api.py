"""The REST interface: researchers read studies, a reader's token opens that reader's trials alone."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.catalog.models import Case
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


def every_route() -> set[str]:
    """The addresses below /api/v1/, as the resolver knows them."""
    found: set[str] = set()

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for pattern in patterns:
            address = prefix + re.sub(r"\(\?P<(\w+)>.*?\)", r"<\1>", str(pattern.pattern)).strip("^$")
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, address)
            elif address.startswith("api/v1/"):
                found.add(address.removeprefix("api/v1/"))

    walk(get_resolver().url_patterns, "")
    return found


# Route -> status for nobody, a reader of no study, a researcher; `{slug}` and the like are of things that exist.
TABLE = {
    "cases/": (401, 403, 200),
    "cases/<pk>/": (401, 403, 200),
    "models/": (401, 403, 200),
    "models/<slug>/": (401, 403, 200),
    "runs/": (401, 403, 200),
    "runs/<pk>/": (401, 403, 404),
    "studies/": (401, 403, 200),
    "studies/<slug>/": (401, 403, 200),
    "studies/<slug>/export/": (401, 403, 200),
    "responses/": (401, 403, 200),
    "responses/<pk>/": (401, 403, 404),
    "trials/": (401, 200, 200),
    "trials/<token>/": (401, 404, 404),
    "schema/": (401, 200, 200),
    "docs/": (401, 200, 200),
    "token/": (405, 405, 405),
}


def test_the_table_names_every_route() -> None:
    assert every_route() == set(TABLE)


@pytest.mark.parametrize("route", TABLE)
def test_each_route_is_open_to_whom_the_table_says(
    route: str, ward: Ward, reading: Enrolment, outsider: User, researcher: User
) -> None:
    slug = ward.study.slug if route.startswith("studies") else NETWORKS[0]
    case = Case.objects.first()
    assert case is not None
    known = {"<pk>": str(case.pk), "<slug>": slug, "<token>": reading.trials.get(position=0).token}
    address = "/api/v1/" + re.sub(r"<\w+>", lambda found: known[found[0]], route)
    statuses = tuple(calling(user).get(address).status_code for user in (None, outsider, researcher))
    assert statuses == TABLE[route]
