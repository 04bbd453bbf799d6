"""What the quality checks read of the database: few queries, and flags that reach the table and the report."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import User
from studies.errors import ProtocolInvalid
from studies.models import Enrolment, Trial
from studies.reporting.readings import judged, readings_of
from studies.reporting.table import long_table
from studies.services.design import launch_study, load_protocol, lock_study, read_protocol
from tests.studies.steps import ANSWERS, current, go_on
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, enrolled, make_records, signed_in

pytestmark = pytest.mark.django_db
STEPS = {"usefulness": ["rate"], "preference": ["compare"], "diagnosis": ["initial", "final"]}
CLIENT = {
    "active_seconds": 10.0,
    "elapsed_seconds": 20.0,
    "hidden_seconds": 1.0,
    "viewport": [1440, 900],
    "viewer": {"devicePixelRatio": 2},
}


def answer(client: Client, enrolment: Enrolment, trials: int, **changes: Any) -> None:
    for _trial in range(trials):
        go_on(client, enrolment)
        trial = current(enrolment)
        for step in STEPS[trial.task]:
            body = {"key": str(uuid.uuid4()), "step": step, "answers": ANSWERS[step], "client": CLIENT | changes}
            sent = client.post(f"/s/{trial.token}/answer", json.dumps(body), content_type="application/json")
            assert sent.status_code == 200, sent.content


@pytest.fixture
def half_read(reading: Enrolment, browser_of_reader: Client) -> Enrolment:
    """Four trials done, the first being practice; the last one hidden for most of its time."""
    answer(browser_of_reader, reading, 3)
    answer(browser_of_reader, reading, 1, hidden_seconds=15.0, active_seconds=1.0, viewport=[700, 900])
    return reading


def log(client: Client, trial: Trial, *batches: tuple[int, bool], shown: bool) -> None:
    for seq, last in batches:
        events = [{"kind": "start", "at": 1, "viewer": "A", "shown": shown}]
        body = {"page": str(uuid.UUID(int=trial.pk)), "seq": seq, "last": last, "events": events}
        client.post(f"/s/{trial.token}/events", json.dumps(body), content_type="application/json")


def test_readings_hold_what_was_measured(ward: Ward, half_read: Enrolment, browser_of_reader: Client) -> None:
    done = list(half_read.trials.filter(state="done").exclude(purpose="practice").order_by("position"))
    log(browser_of_reader, done[0], (0, False), (2, True), shown=True)
    log(browser_of_reader, done[1], (0, True), shown=False)
    found = readings_of(ward.study.versions.get(), ["live"]).set_index("trial")
    assert len(found) == half_read.trials.exclude(purpose="practice").count()
    first, second, third = (found.loc[trial.pk] for trial in done)
    assert (first["seconds"], first["away"], first["width"], first["pixel_ratio"]) == (10.0, 0.05, 1440.0, 2.0)
    assert first["level"] == pytest.approx(0.75), "4 of 5, and 2 of 5 turned round, on their scales"
    assert (bool(first["gaps"]), bool(first["overlay_shown"])) == (True, True)
    assert (bool(second["gaps"]), bool(second["overlay_shown"])) == (False, False)
    assert third["gaps"] is None
    assert third["away"] == 0.75


def test_flags_reach_the_table_and_only_exclusions_exclude(
    researcher: User, reader_user: User, django_assert_max_num_queries: Any
) -> None:
    make_records()
    source = strict_source("focus-loss")
    ward = strict_study(source, researcher)
    enrolment = enrolled(ward, reader_user)
    client = signed_in(reader_user)
    answer(client, enrolment, 2)
    answer(client, enrolment, enrolment.trials.count() - 2, hidden_seconds=15.0, viewport=[700, 900])
    version = ward.study.versions.get()
    table = long_table(version)
    assert list(table["flags"].unique()) == ["", "focus-loss small-screen"]
    assert set(table.loc[table["flags"] != "", "excluded_by"]) == {"focus-loss"}
    assert set(table.loc[table["flags"] == "", "excluded_by"]) == {""}
    with django_assert_max_num_queries(6):
        found = judged(version, ["live"]).by_reader()
    assert set(found[enrolment.reader.pseudonym]) == {"focus-loss", "small-screen"}


def strict_source(exclusion: str) -> str:
    plan = f"analysis: {{exclusions: [{exclusion}]}}\n"
    return PROTOCOL.format(slug="strict", blocks=BLOCKS["usefulness"]) + plan


def strict_study(source: str, researcher: User) -> Ward:

    study = load_protocol(source=source, actor=researcher).study
    lock_study(study=study, actor=researcher)
    return Ward(launch_study(study=study, actor=researcher), researcher)


def test_who_has_not_finished_is_incomplete(ward: Ward, half_read: Enrolment, browser_of_reader: Client) -> None:
    version = ward.study.versions.get()
    assert "incomplete" in judged(version, ["live"]).by_reader()[half_read.reader.pseudonym]
    assert long_table(version)["flags"].str.contains("incomplete").all()
    answer(browser_of_reader, half_read, half_read.trials.exclude(state="done").count())
    assert "incomplete" not in judged(version, ["live"]).by_reader().get(half_read.reader.pseudonym, {})


def test_an_unknown_exclusion_is_a_mistake_with_its_line(researcher: User) -> None:
    make_records()
    source = strict_source("to-fast")
    with pytest.raises(ProtocolInvalid, match=r"There is no quality check called 'to-fast'. Did you mean 'too-fast'\?"):
        read_protocol(source)
