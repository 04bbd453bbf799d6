"""Unblinding: two people, on record, never by closing alone; and what analysts see before it, in every place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.blinding.analysts import coded, methods_named
from studies.errors import NotAllowed, StudyError, WrongState
from studies.models import Arm, Enrolment, Unblinding
from studies.reporting.blinding import blinding_blocks
from studies.reporting.table import long_table
from studies.services.design import close_study, launch_study, load_protocol, lock_study
from studies.services.export import codebook_as_csv, export_bytes
from studies.services.unblind import ask_unblinding, confirm_unblinding, decline_unblinding
from tests.studies.steps import current, go_on, send
from tests.studies.ward import BLOCKS, METHODS, NETWORKS, PROTOCOL, Ward, enrolled, make_records, signed_in, unblind

pytestmark = pytest.mark.django_db
STEPS = {"usefulness": ["rate"], "preference": ["compare"], "diagnosis": ["initial", "final"]}


@pytest.fixture
def answered(ward: Ward, reader_user: User) -> Enrolment:
    """A live reader who has answered everything."""
    enrolment = enrolled(ward, reader_user)
    client = signed_in(reader_user)
    for _trial in range(enrolment.trials.count()):
        go_on(client, enrolment)
        trial = current(enrolment)
        for step in STEPS[trial.task]:
            assert send(client, trial, step).status_code == 200
    return enrolment


def under_rule(researcher: User, rule: str) -> Ward:
    make_records()
    source = PROTOCOL.format(slug="other", blocks=BLOCKS["usefulness"]) + f"blinding: {{unblinding: {rule}}}\n"
    study = load_protocol(source=source, actor=researcher).study
    lock_study(study=study, actor=researcher)
    return Ward(launch_study(study=study, actor=researcher), researcher)


def test_two_people_tell_the_methods(ward: Ward, researcher: User, administrator: User) -> None:
    asked = ask_unblinding(study=ward.study, reason="All are done.", actor=researcher)
    assert not methods_named(ward.study)
    with pytest.raises(NotAllowed, match="Another person"):
        confirm_unblinding(unblinding=asked, actor=researcher)
    confirm_unblinding(unblinding=asked, actor=administrator)
    assert methods_named(ward.study)
    told = Entry.objects.get(action="study.unblinded")
    assert (told.actor, told.detail["reason"], told.detail["asked_by"]) == (
        administrator,
        "All are done.",
        researcher.email,
    )
    words = " ".join(block["text"] for block in blinding_blocks(ward.study.versions.get()))
    assert "a researcher asked for it and an administrator, another person, confirmed it." in words
    assert "Reason: All are done." in words
    assert "before the study was closed" in words


def test_no_reason_no_request_and_no_reader(ward: Ward, researcher: User, reader_user: User) -> None:
    with pytest.raises(StudyError, match="needs a reason"):
        ask_unblinding(study=ward.study, reason="  ", actor=researcher)
    with pytest.raises(StudyError, match="below 301 characters"):
        ask_unblinding(study=ward.study, reason="x" * 301, actor=researcher)
    with pytest.raises(NotAllowed):
        ask_unblinding(study=ward.study, reason="Why not?", actor=reader_user)
    assert not Unblinding.objects.exists()


def test_one_request_at_a_time_and_none_after(ward: Ward, researcher: User, administrator: User) -> None:
    asked = ask_unblinding(study=ward.study, reason="Now.", actor=researcher)
    with pytest.raises(WrongState, match="asked already"):
        ask_unblinding(study=ward.study, reason="Now too.", actor=administrator)
    decline_unblinding(unblinding=asked, actor=administrator)
    with pytest.raises(WrongState, match="settled"):
        confirm_unblinding(unblinding=asked, actor=administrator)
    unblind(ward.study, researcher, administrator)
    with pytest.raises(WrongState, match="told already"):
        ask_unblinding(study=ward.study, reason="Again.", actor=researcher)


def test_one_person_where_the_protocol_says_so(researcher: User) -> None:
    ward = under_rule(researcher, "one-person")
    ask_unblinding(study=ward.study, reason="I am alone.", actor=researcher)
    assert methods_named(ward.study)
    words = " ".join(block["text"] for block in blinding_blocks(ward.study.versions.get()))
    assert "by a researcher alone, as the protocol states. Reason: I am alone." in words


@pytest.mark.parametrize(("rule", "told"), [("two-people", False), ("one-person", False), ("on-closing", True)])
def test_closing_tells_the_methods_only_where_the_protocol_says_so(researcher: User, rule: str, told: bool) -> None:
    ward = under_rule(researcher, rule)
    close_study(study=ward.study, actor=researcher)
    assert methods_named(ward.study) is told


def names_in(text: str) -> list[str]:
    return [name for name in (*METHODS, *NETWORKS) if name in text.lower()]


def places(ward: Ward, client: Client) -> dict[str, Callable[[], str]]:
    """Every place where an analyst reads answers."""
    study = f"/admin/studies/study/{ward.study.pk}"
    version = ward.study.versions.get()
    pages = {
        "export over the interface": f"/api/v1/studies/{ward.study.slug}/export/",
        "responses over the interface": "/api/v1/responses/",
        "studies over the interface": "/api/v1/studies/",
        "readers": f"{study}/readers/",
        "cases": f"{study}/cases/",
        "case": f"{study}/cases/{Enrolment.objects.get().trials.all()[0].case_id}/",
        "reports": f"{study}/reports/",
        "responses": "/admin/studies/response/",
    }
    found: dict[str, Callable[[], str]] = {
        name: (lambda page=page: client.get(page).content.decode())  # type: ignore[misc]
        for name, page in pages.items()
    }
    found["export by command"] = lambda: export_bytes(version=version, run_kinds=["live"], actor=None).decode()
    return found


def test_analysts_read_codes_everywhere(ward: Ward, answered: Enrolment, researcher: User, administrator: User) -> None:
    client = signed_in(researcher)
    close_study(study=ward.study, actor=researcher)
    assert {name: names_in(read()) for name, read in places(ward, client).items() if names_in(read())} == {}
    unblind(ward.study, researcher, administrator)
    telling = {name for name, read in places(ward, client).items() if names_in(read())}
    assert telling == {"export over the interface", "export by command", "case"}


def test_the_plan_names_methods_and_no_letters(ward: Ward, answered: Enrolment, researcher: User) -> None:
    """The overview tells what was planned, by the methods' names: then no letter may stand beside them."""
    html = signed_in(researcher).get(f"/admin/studies/study/{ward.study.pk}/change/").content.decode()
    assert not re.search(r"\barm [A-Z]{1,2}\b", html, re.IGNORECASE)


def test_codes_keep_what_analyses_need(ward: Ward, answered: Enrolment) -> None:
    version = ward.study.versions.get()
    table = long_table(version)
    blind = coded(table, version)
    arms = {arm.label: f"arm {arm.code}" for arm in Arm.objects.filter(version=version, network__slug="lung-net")}
    rated = table["task"] == "usefulness"
    assert [arms[label] for label in table.loc[rated, "method"]] == list(blind.loc[rated, "method"])
    assert set(blind["network"]) == {"network 1", "network 2"}
    assert blind["explanation"].nunique() == table["explanation"].nunique()
    assert not set(blind["explanation"].dropna()) & set(table["explanation"].dropna())
    assert not set(blind["displayed_map"].dropna()) & set(table["displayed_map"].dropna())
    assert not blind["control"].any()
    assert blind["seconds_to_explain"].isna().all()
    assert list(blind["score"].dropna()) == list(table["score"].dropna())
    assert b"while analysts are blinded" in codebook_as_csv(table)


def test_the_panel_asks_and_another_person_confirms(ward: Ward, researcher: User, administrator: User) -> None:
    first, second = signed_in(researcher), signed_in(administrator)
    page = f"/admin/studies/study/{ward.study.pk}/unblinding/"
    assert first.post(page, {"reason": ""}).status_code == 400
    assert first.post(page, {"reason": "All are done."}, follow=True).status_code == 200
    asked = Unblinding.objects.get()
    assert "Confirm: tell the methods" not in first.get(page).content.decode()
    assert "Confirm: tell the methods" in second.get(page).content.decode()
    first.post(f"{page}{asked.pk}/confirm/")
    assert not methods_named(ward.study)
    second.post(f"{page}{asked.pk}/confirm/")
    assert methods_named(ward.study)
    html = first.get(page).content.decode()
    assert "The methods are told" in html
    assert json.dumps(asked.reason)[1:-1] in html
    assert first.post(page, {"reason": "Once more."}).status_code == 409
