"""Asking for reports, their files, and the report in the browser."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.jobs.models import Job, JobState
from studies.models import Enrolment, Report
from tests.studies.panel.conftest import address
from tests.studies.ward import Ward, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def body_of(answer: object) -> bytes:
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_nothing_is_queued_while_nobody_has_answered(panel: Client, ward: Ward) -> None:
    page = panel.post(address(ward, "reports/"), {"kinds": ["live"]})
    assert page.status_code == 400
    assert "No reader of this kind has answered yet" in page.content.decode()
    assert not Job.objects.exists()


def test_a_report_is_queued_for_the_kinds_that_were_ticked(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    """Outside the tests' eager mode the work waits for a worker; here the transaction never ends, so it waits too."""
    assert panel.post(address(ward, "reports/"), {"kinds": ["live", "bot"]}).status_code == 302
    job = Job.objects.get()
    assert (job.kind, job.payload["run_kinds"]) == ("report", ["bot", "live"])
    page = panel.get(address(ward, "reports/"))
    assert "Queued" in page.content.decode()
    assert 'data-busy="true"' in panel.get(address(ward, "reports/?table=1")).content.decode()
    Job.objects.update(state=JobState.FAILED, error="The disk is full.\n\nTraceback: line 1")
    failed = panel.get(address(ward, "reports/")).content.decode()
    assert "The disk is full." in failed
    assert 'data-busy="false"' in failed


def test_no_kind_is_no_report(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    assert panel.post(address(ward, "reports/"), {"kinds": []}).status_code == 400
    assert panel.post(address(ward, "reports/"), {"kinds": ["preview"]}).status_code == 400
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "name, kind",
    [
        ("report.html", "text/html; charset=utf-8"),
        ("report.pdf", "application/pdf"),
        ("report.json", "application/json"),
        ("ratings.csv", "text/csv; charset=utf-8"),
        ("codebook.csv", "text/csv; charset=utf-8"),
    ],
)
def test_files_come_with_their_types(panel: Client, ward: Ward, stored_report: Report, name: str, kind: str) -> None:
    answer = panel.get(address(ward, f"reports/{stored_report.pk}/{name}"))
    assert answer["Content-Type"] == kind
    assert answer["Content-Disposition"] == f'attachment; filename="ward-study-{stored_report.pk}-{name}"'
    assert body_of(answer)


@pytest.mark.parametrize("name", ["nothing.html", "..", "manage.py"])
def test_only_a_reports_own_files_can_be_had(panel: Client, ward: Ward, stored_report: Report, name: str) -> None:
    assert panel.get(address(ward, f"reports/{stored_report.pk}/{name}")).status_code in {302, 404}


def test_the_report_opens_with_its_style_and_no_script(panel: Client, ward: Ward, stored_report: Report) -> None:
    answer = panel.get(address(ward, f"reports/{stored_report.pk}/"))
    policy = answer["Content-Security-Policy"]
    assert "script-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert answer["Content-Type"].startswith("text/html")
    assert "'unsafe-inline'" not in panel.get(address(ward, "reports/"))["Content-Security-Policy"]


def test_a_report_of_another_study_is_out_of_reach(panel: Client, ward: Ward, stored_report: Report) -> None:
    other = make_study(ward.researcher, tasks=("usefulness",), slug="other-study")
    assert panel.get(address(other, f"reports/{stored_report.pk}/")).status_code == 404
    assert panel.get(address(other, f"reports/{stored_report.pk}/report.html")).status_code == 404
