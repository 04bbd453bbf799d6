"""The receipt: what the server holds of a reader's answers, and nothing that tells what they were shown."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from foundation.provenance import digest_of
from studies.models import Arm, Enrolment, Response
from tests.studies.steps import current, go_on, send


@pytest.mark.django_db
def test_it_names_every_answer_by_its_key(reading: Enrolment, browser_of_reader: Client) -> None:
    for _answer in range(2):
        go_on(browser_of_reader, reading)
        send(browser_of_reader, current(reading), "rate")
    file = browser_of_reader.get(f"/study/{reading.pk}/receipt")
    assert file["Content-Disposition"] == f'attachment; filename="receipt-{reading.reader.pseudonym}.json"'
    receipt = json.loads(file.content)
    assert (receipt["reader"], receipt["answers_saved"]) == (reading.reader.pseudonym, 2)
    stored = list(Response.objects.order_by("id"))
    assert [each["key"] for each in receipt["answers"]] == [str(each.key) for each in stored]
    assert [each["saved_at"] for each in receipt["answers"]] == [
        each.received_at.isoformat(timespec="seconds") for each in stored
    ]
    assert [each["sha256"] for each in receipt["answers"]] == [digest_of(each.answers) for each in stored]


@pytest.mark.django_db
def test_it_unblinds_nothing(reading: Enrolment, browser_of_reader: Client) -> None:
    go_on(browser_of_reader, reading)
    trial = current(reading)
    send(browser_of_reader, trial, "rate")
    body = browser_of_reader.get(f"/study/{reading.pk}/receipt").content.decode()
    hidden = {*Arm.objects.values_list("label", flat=True), trial.case.slug, trial.token, trial.block} - {""}
    assert [word for word in hidden if word in body] == []
    assert set(json.loads(body)["answers"][0]) == {"key", "saved_at", "sha256"}


@pytest.mark.django_db
def test_pages_lead_to_it_once_something_is_saved(reading: Enrolment, browser_of_reader: Client) -> None:
    link = f'href="/study/{reading.pk}/receipt" download'
    assert link not in go_on(browser_of_reader, reading).content.decode()
    assert link not in browser_of_reader.get("/").content.decode()
    send(browser_of_reader, current(reading), "rate")
    assert link in go_on(browser_of_reader, reading).content.decode()
    assert link in browser_of_reader.get("/").content.decode()
