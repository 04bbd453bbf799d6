"""A report made of stored answers: its files, its record, its departures, and whom it does not count."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.models import Report, RunKind
from studies.reporting.table import CODEBOOK, long_table
from studies.services.report import NothingToReport, build_report, write_report
from tests.studies.ward import Ward

pytestmark = [pytest.mark.django_db, pytest.mark.db]


@pytest.fixture
def rehearsed(ward: Ward, transactional_db: None) -> Ward:
    """The small study, read by three simulated readers over HTTP."""
    call_command("simulate_readers", ward.study.slug, readers=3, seed=1, verbosity=0)
    return ward


def test_nobody_has_answered_yet(ward: Ward) -> None:
    with pytest.raises(NothingToReport, match="No reader of kind live has answered"):
        build_report(version=ward.study.versions.get(), run_kinds=[RunKind.LIVE.value])
    assert not Report.objects.exists()


def test_bots_count_only_when_asked(rehearsed: Ward) -> None:
    version = rehearsed.study.versions.get()
    assert long_table(version).empty
    table = long_table(version, [RunKind.BOT])
    assert set(table["run_kind"]) == {"bot"}
    assert table["reader"].nunique() == 3
    named = [name for name in table.columns if not name.startswith(("metric.", "answer."))]
    assert [column.name for column in CODEBOOK] == named


def test_the_long_table_has_one_row_a_rating_and_no_practice(rehearsed: Ward) -> None:
    table = long_table(rehearsed.study.versions.get(), [RunKind.BOT])
    assert not table.duplicated(["trial", "question"]).any()
    assert "ward-010" not in set(table["case"])
    assert set(table["task"]) == {"usefulness", "preference", "diagnosis"}


def test_a_report_keeps_its_files_and_says_what_departs(rehearsed: Ward, researcher: User, tmp_path: Path) -> None:
    version = rehearsed.study.versions.get()
    report = build_report(version=version, run_kinds=[RunKind.BOT.value], actor=researcher)
    assert set(report.files) == {"report.html", "report.pdf", "report.json", "ratings.csv", "codebook.csv"}
    assert report.analyses.filter(is_primary=True).count() == 1
    assert Entry.objects.filter(action="study.report", actor=researcher).count() == 1
    for path in write_report(report, tmp_path):
        with default_storage.open(report.files[path.name]) as stored:
            assert path.read_bytes() == stored.read()
    made = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    departures = json.dumps(next(each for each in made["sections"] if each["id"] == "departures"))
    assert "6 readers were planned; answers of 3 are analysed." in departures
    assert "The plan counts live; this report counts bot." in departures
    assert "The study was still open" in departures
    assert "Analyses that the plan does not name, to be read as exploratory: " in departures
    assert "The code that shows" not in departures
    who = json.dumps(next(each for each in made["sections"] if each["id"] == "readers"))
    assert "is right on" in who
    ratings = pd.read_csv(io.BytesIO((tmp_path / "ratings.csv").read_bytes()))
    assert len(ratings) == report.ratings


def test_the_command_refuses_a_study_that_is_not_there(ward: Ward, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no study called 'nope'") as error:
        call_command("report", "nope", "--out", str(tmp_path))
    assert error.value.returncode == 2
