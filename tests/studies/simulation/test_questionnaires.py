"""Simulated readers fill in every questionnaire, and their scores follow from their traits."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from portal.accounts.models import User
from studies.models import Enrolment, QuestionnaireResponse, RunKind
from studies.reporting.questionnaires import scales_table
from studies.services.report import build_report
from tests.studies.forms_ward import make_asking_study

pytestmark = pytest.mark.django_db(transaction=True)


def test_they_come_to_the_end_of_a_study_that_asks_everywhere(researcher: User) -> None:
    ward = make_asking_study(researcher)
    call_command("simulate_readers", ward.study.slug, readers=4, seed=3, verbosity=0)
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"completed"}
    rows = QuestionnaireResponse.objects.order_by("id")
    lazy = [row for row in rows if row.questionnaire == "comprehension" and row.attempt == 2]
    assert len(lazy) == 1, "one in four is lazy, and fails the check once"
    assert rows.count() == 4 * 10 + 1
    table = scales_table(ward.study.versions.get(), [RunKind.BOT.value])
    scores = table[(table["instrument"] == "toast")]["score"]
    assert scores.iloc[1] == scores.max(), "the second reader is the trusting one"
    assert table["score"].notna().all()
    report = build_report(version=ward.study.versions.get(), run_kinds=[RunKind.BOT.value])
    made = set(report.analyses.values_list("name", flat=True))
    assert {
        "questionnaires:before the first image",
        "questionnaires:after the block rate",
        "questionnaires:after the last image",
    } <= made
    with default_storage.open(report.files["report.html"]) as file:
        page = file.read().decode()
    assert "What readers say of themselves" in page
    assert "Trust of Automated Systems Test" in page
