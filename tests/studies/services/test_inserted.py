"""Repeats, catch trials and foils from the protocol to the tables: stored, answered like others, kept apart."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from studies.models import Enrolment, Purpose
from studies.reporting.table import EXPORTED, long_table
from tests.studies.services.test_sessions import crossover
from tests.studies.steps import current, go_on, send
from tests.studies.ward import BLOCKS, enrolled, signed_in

pytestmark = pytest.mark.django_db

BLOCK = (
    BLOCKS["usefulness"]
    .replace("methods: [grad-cam, random-map, kernel-shap]", "methods: [grad-cam, random-map]")
    .replace(
        "    practice: [ward-010]\n",
        "    repeats: {share: 30, apart: 3}\n    catch: {methods: [kernel-shap], count: 2}\n",
    )
)


def test_what_is_put_in_is_answered_like_the_rest_and_analysed_apart(researcher: User, reader_user: User) -> None:
    ward = crossover(researcher, "blocks:", BLOCK)
    enrolment, client = enrolled(ward, reader_user), signed_in(reader_user)
    purposes = list(enrolment.trials.order_by("position").values_list("purpose", flat=True))
    assert sorted(purposes) == ["catch", "catch", "ordinary", "ordinary", "ordinary", "repeat"]
    caught = enrolment.trials.filter(purpose=Purpose.CATCH)
    assert {trial.arm.label for trial in caught} == {"kernel-shap"}
    assert not {trial.case_id for trial in caught} & {
        trial.case_id for trial in enrolment.trials.exclude(purpose="catch")
    }
    assert enrolment.trials.get(purpose=Purpose.REPEAT).occurrence == 2
    pages = [read(client, enrolment) for _ in purposes]
    for page in pages:
        assert not [word for word in ("catch", "repeat", "foil", "ordinary", "purpose") if f'"{word}"' in page]
    version = ward.study.versions.get()
    table = long_table(version)
    assert set(table["purpose"]) == {"ordinary", "repeat"}
    assert table["trial"].nunique() == 4
    assert set(long_table(version, purposes=EXPORTED)["purpose"]) == {"ordinary", "repeat", "catch"}


def read(client: Client, enrolment: Enrolment) -> str:
    """One page, answered; what the reader's browser got."""
    page: str = go_on(client, enrolment).content.decode()
    assert send(client, current(enrolment), "rate").status_code == 200
    return page
