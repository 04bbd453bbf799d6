"""Every page of the studies' panel, wide and narrow: nothing serious for axe, no sideways scrolling, no console error.

`SCREENSHOTS=folder` keeps a picture of each, to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from portal.accounts.models import User
from portal.explanations.models import Explanation, Score
from portal.jobs.models import Job, JobState
from studies.models import Enrolment, Report, Study
from studies.services.design import load_protocol
from studies.services.oversee import withdraw_reader
from tests.browser.looking import REFUSALS, look, watched
from tests.studies.panel.conftest import read_through, stored_report
from tests.studies.panel.test_protocols import source
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, enrolled, make_study

__all__ = ["read_through", "stored_report"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ward(researcher: User) -> Ward:
    """A live study of all three tasks, with metrics."""
    made = make_study(researcher)
    for number, explanation in enumerate(Explanation.objects.all()):
        for metric in ("deletion", "insertion", "pointing-game"):
            Score.objects.create(
                explanation=explanation, metric=metric, label=metric, metric_version="1", value=0.01 * (number % 97)
            )
    return made


def test_pages_of_a_live_study(
    page_of: Callable[..., Page],
    ward: Ward,
    read_through: Enrolment,
    stored_report: Report,
    researcher: User,
    outsider: User,
) -> None:
    other = enrolled(ward, outsider)
    withdraw_reader(enrolment=other, reason="Asked us by phone", actor=researcher)
    Job.objects.create(
        kind="report", payload={"version_id": stored_report.version_id}, work_key="a", state=JobState.RUNNING, total=10
    )
    page, strict = page_of(researcher, bypass_csp=True), page_of(researcher)
    errors, refused = watched(page, allow=REFUSALS), watched(strict, allow=REFUSALS)
    study = f"/admin/studies/study/{ward.study.pk}"
    case = read_through.trials.filter(task="usefulness", is_practice=False)[0].case_id
    read = read_through.trials.filter(task="diagnosis")[0].case_id
    for name, place in {
        "overview": "/admin/",
        "list": "/admin/studies/study/",
        "study": f"{study}/change/",
        "frozen": f"{study}/protocol/",
        "version": f"{study}/version/",
        "clone": f"{study}/clone/",
        "close": f"{study}/step/close/",
        "lock-refused": f"{study}/step/lock/",
        "readers": f"{study}/readers/",
        "take-out": f"{study}/readers/{read_through.pk}/take-out/",
        "cases": f"{study}/cases/",
        "case": f"{study}/cases/{case}/",
        "case-diagnosis": f"{study}/cases/{read}/",
        "reports": f"{study}/reports/",
        "unblinding": f"{study}/unblinding/",
        "responses": "/admin/studies/response/",
        "enrolments": "/admin/studies/enrolment/",
    }.items():
        page.goto(place)
        look(page, name)
        # Axe can only be put in past the content security policy; this page is loaded under it.
        strict.goto(place)
    page.goto(f"{study}/unblinding/")
    page.fill("#id_reason", "The last reader is done.")
    page.get_by_role("button", name="Ask for unblinding").click()
    look(page, "unblinding-asked")
    page.goto(f"{study}/invitations/")
    page.fill("#id_emails", "one@example.org\nnonsense")
    page.get_by_role("button", name="Make invitations").click()
    look(page, "invitations-wrong")
    page.fill("#id_emails", "one@example.org\ntwo@example.org")
    page.get_by_role("button", name="Make invitations").click()
    look(page, "invitations")
    assert errors == []
    assert refused == []


def test_pages_of_a_draft(page_of: Callable[..., Page], ward: Ward, researcher: User) -> None:
    text = PROTOCOL.format(slug="a-draft", blocks=BLOCKS["usefulness"]).lstrip()
    draft = load_protocol(source=text, actor=researcher).study
    Explanation.objects.filter(label="grad-cam", image__case__slug="ward-002", stimuli=None).delete()
    page = page_of(researcher, bypass_csp=True)
    errors = watched(page, allow=REFUSALS)
    for name, place in {
        "draft": f"/admin/studies/study/{draft.pk}/change/",
        "draft-editor": f"/admin/studies/study/{draft.pk}/protocol/",
        "draft-lock": f"/admin/studies/study/{draft.pk}/step/lock/",
        "draft-readers": f"/admin/studies/study/{draft.pk}/readers/",
        "draft-cases": f"/admin/studies/study/{draft.pk}/cases/",
        "draft-reports": f"/admin/studies/study/{draft.pk}/reports/",
        "new": "/admin/studies/study/add/",
        "write": "/admin/studies/study/write/",
    }.items():
        page.goto(place)
        look(page, name)
    page.goto("/admin/studies/study/add/")
    page.get_by_role("button", name="Make the protocol").click()
    look(page, "new-wrong")
    page.goto("/admin/studies/study/write/")
    page.fill("#id_source", source().replace("lung-net", "lung-nett").replace("task: diagnosis", "task: diagnose"))
    page.get_by_role("button", name="Save the draft").click()
    look(page, "editor-wrong")
    assert errors == []
    assert Study.objects.count() == 2
