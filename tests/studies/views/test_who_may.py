"""Who may see and send what in the reading room, as tables."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from portal.accounts.models import User
from portal.catalog.models import Case
from portal.storage.arrays import get_array
from studies.models import Enrolment, EnrolmentState, Response
from tests.studies.steps import current, go_on, send
from tests.studies.ward import Ward, enrolled, signed_in

PAGES = ("", "consent", "leave", "closed", "instructions", "break", "next-session", "thanks", "receipt")
STUDY = tuple(f"/study/{{pk}}/{name}" for name in PAGES)
QUESTIONNAIRE = ("/study/{pk}/ask/start/trust", "/study/{pk}/plate/1")
TRIAL = tuple(f"/s/{{token}}/{name}" for name in ("", "change", "image", "header", "altered", "overlay/a"))


def test_the_tables_name_every_address() -> None:
    room = get_resolver("studies.urls").url_patterns[-1]
    assert isinstance(room, URLResolver)
    patterns = room.url_patterns
    known = {path.format(pk="<int:pk>", token="<str:token>").strip("/") for path in (*STUDY, *TRIAL)}
    known |= {
        "study/<int:pk>/ask/<slug:where>/<slug:name>",
        "study/<int:pk>/ask/<slug:where>/<slug:name>/answer",
        "study/<int:pk>/plate/<int:number>",
        "invitation/<str:token>",
        "s",
        "s/<str:token>/answer",
        "s/<str:token>/events",
        "s/<str:token>/overlay/<str:letter>",
    }
    assert {str(each.pattern).strip("/") for each in patterns} <= known


@pytest.mark.parametrize("path", [*STUDY, *QUESTIONNAIRE, *TRIAL])
def test_nobody_is_asked_to_sign_in(reading: Enrolment, path: str) -> None:
    response = Client().get(path.format(pk=reading.pk, token=current(reading).token))
    assert response.status_code == 302
    assert response["Location"].startswith("/account/sign-in?next=")


@pytest.mark.parametrize("path", [*STUDY, *QUESTIONNAIRE, *TRIAL])
def test_others_find_nothing(reading: Enrolment, outsider: User, researcher: User, path: str) -> None:
    address = path.format(pk=reading.pk, token=current(reading).token)
    for user in (outsider, researcher):
        assert signed_in(user).get(address).status_code == 404


def test_answers_to_somebody_elses_trial_are_not_there(reading: Enrolment, outsider: User) -> None:
    assert send(signed_in(outsider), current(reading), "rate").status_code == 404
    assert send(Client(), current(reading), "rate").status_code == 401
    assert Response.objects.count() == 0


@pytest.mark.parametrize("path", TRIAL)
def test_nothing_of_a_trial_before_consent(ward: Ward, reader_user: User, path: str) -> None:
    enrolment = enrolled(ward, reader_user, consented=False)
    client = signed_in(reader_user)
    response = client.get(path.format(token=current(enrolment).token))
    assert response.status_code == 404 or response["Location"].endswith("/consent")
    assert send(client, current(enrolment), "rate").status_code == 403


@pytest.mark.parametrize("path", TRIAL)
def test_a_trial_that_is_not_reached_is_not_there(reading: Enrolment, browser_of_reader: Client, path: str) -> None:
    later = reading.trials.get(position=2)
    response = browser_of_reader.get(path.format(token=later.token))
    assert response.status_code == 404 or path.endswith("/change")
    assert send(browser_of_reader, later, "rate").status_code == 404
    assert Response.objects.count() == 0


def test_a_second_tab_is_sent_on(reading: Enrolment, browser_of_reader: Client) -> None:
    trial = current(reading)
    go_on(browser_of_reader, reading)
    send(browser_of_reader, trial, "rate")
    page = browser_of_reader.get(f"/s/{trial.token}/", follow=True)
    assert page.context["shown"].token == current(reading).token


def test_the_consent_box_must_be_ticked(ward: Ward, reader_user: User) -> None:
    enrolment = enrolled(ward, reader_user, consented=False)
    client = signed_in(reader_user)
    page = client.get(f"/study/{enrolment.pk}/", follow=True)
    text = page.context["form"].initial["text"]
    refused = client.post(f"/study/{enrolment.pk}/consent", {"text": text})
    assert "Tick the box" in refused.content.decode()
    for fact in ("Dr. Ada Example", "EK 12/2026", "You may stop."):
        assert fact in refused.content.decode()
    assert client.post(f"/study/{enrolment.pk}/consent", {"text": text, "agree": "on"}).status_code == 302


def test_leaving_is_asked_once_and_final(reading: Enrolment, browser_of_reader: Client) -> None:
    address = f"/study/{reading.pk}/leave"
    assert "Leave the study?" in browser_of_reader.get(address).content.decode()
    assert "Please choose what shall become" in browser_of_reader.post(address).content.decode()
    reading.refresh_from_db()
    assert reading.state == EnrolmentState.CONSENTED
    browser_of_reader.post(address, {"answers": "keep"})
    assert "You have left" in browser_of_reader.get(f"/study/{reading.pk}/", follow=True).content.decode()
    assert send(browser_of_reader, current(reading), "rate").status_code == 403
    assert reading.version.study.title not in browser_of_reader.get("/").content.decode()


def test_phantoms_are_called_phantoms(reading: Enrolment, browser_of_reader: Client) -> None:
    assert "Synthetic phantom, not a patient" in go_on(browser_of_reader, reading).content.decode()


def test_a_researcher_finds_the_panel(researcher: User, reader_user: User, ward: Ward) -> None:
    assert "/admin/" in signed_in(researcher).get("/").content.decode()
    assert "/admin/" not in signed_in(reader_user).get("/").content.decode()


def test_reading_goes_on_in_another_browser(reading: Enrolment, browser_of_reader: Client, reader_user: User) -> None:
    go_on(browser_of_reader, reading)
    send(browser_of_reader, current(reading), "rate")
    elsewhere = signed_in(reader_user)
    assert go_on(elsewhere, reading).context["shown"].token == current(reading).token
    send(elsewhere, current(reading), "rate")
    assert reading.sessions.count() == 2


def test_a_case_that_lost_its_approval_is_shown_no_more(reading: Enrolment, browser_of_reader: Client) -> None:
    trial = current(reading)
    go_on(browser_of_reader, reading)
    assert browser_of_reader.get(f"/s/{trial.token}/image").status_code == 200
    Case.objects.update(approval="rejected")
    for name in ("image", "header", "overlay/a"):
        assert browser_of_reader.get(f"/s/{trial.token}/{name}").status_code == 404


def test_the_image_arrives_as_it_was_stored(reading: Enrolment, browser_of_reader: Client) -> None:
    """Read back with numpy: little-endian, row by row, neither turned nor mirrored."""
    trial = current(reading)
    go_on(browser_of_reader, reading)
    header = browser_of_reader.get(f"/s/{trial.token}/header").json()
    body = browser_of_reader.get(f"/s/{trial.token}/image").content
    stored = get_array(trial.case.images.get().array)
    assert (header["rows"], header["columns"], header["bits"]) == (*stored.shape[1:], 12)
    assert (np.frombuffer(body, dtype="<u2").reshape(stored.shape) == stored).all()
    shown = browser_of_reader.get(f"/s/{trial.token}/overlay/a").content
    assert (np.frombuffer(shown, dtype=np.uint8).reshape(stored.shape[1:]) == get_array(trial.stimulus.display)).all()
