"""A study's page, and the steps of its life as buttons with a page that says what will happen."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.explanations.models import Explanation
from studies.models import Enrolment, RunKind, Study
from studies.services.design import load_protocol
from tests.studies.panel.conftest import address
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, make_records

pytestmark = [pytest.mark.django_db, pytest.mark.db]


@pytest.fixture
def draft(researcher: User) -> Study:
    make_records()
    text = PROTOCOL.format(slug="a-draft", blocks=BLOCKS["usefulness"])
    return load_protocol(source=text, actor=researcher).study


def page_of(study: Study, rest: str = "change/") -> str:
    return f"/admin/studies/study/{study.pk}/{rest}"


def test_a_study_goes_from_draft_to_closed_by_its_buttons(panel: Client, draft: Study) -> None:
    for name, state in (("lock", "locked"), ("launch", "live"), ("close", "closed")):
        told = panel.get(page_of(draft, f"step/{name}/"))
        assert told.status_code == 200
        assert "What will happen" in told.content.decode()
        draft.refresh_from_db()
        assert draft.state != state, "looking changes nothing"
        assert panel.post(page_of(draft, f"step/{name}/")).status_code == 302
        draft.refresh_from_db()
        assert draft.state == state


@pytest.mark.parametrize("name", ["launch", "close"])
def test_a_step_out_of_turn_is_refused(panel: Client, draft: Study, name: str) -> None:
    page = panel.post(page_of(draft, f"step/{name}/"))
    assert page.status_code == 409
    assert "This study is Draft." in page.content.decode() or "is a draft" in page.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_there_is_no_other_step(panel: Client, draft: Study) -> None:
    assert panel.post(page_of(draft, "step/reopen/")).status_code == 404


def test_missing_maps_stand_in_the_way_of_locking(panel: Client, draft: Study) -> None:
    Explanation.objects.filter(label="grad-cam", image__case__slug="ward-002").delete()
    page = panel.get(page_of(draft))
    line = next(each.line for each in page.context["problems"] if "No map" in each.message)
    assert f'href="/admin/studies/study/{draft.pk}/protocol/#L{line}"' in page.content.decode()
    assert "mistakes" in page.content.decode()
    refused = panel.post(page_of(draft, "step/lock/"))
    assert refused.status_code == 409
    assert "No map &#x27;grad-cam&#x27;" in refused.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_the_page_of_a_live_study(panel: Client, ward: Ward) -> None:
    html = panel.get(address(ward)).content.decode()
    version = ward.study.versions.get()
    assert version.hash in html
    assert version.stimuli_hash in html
    assert f"{version.stimuli.count()} in {version.arms.count()} arms" in html
    assert "Balance of the design" in html
    assert "Preview as a reader" in html


def test_the_list_tells_state_readers_and_progress(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    html = panel.get("/admin/studies/study/").content.decode()
    assert "1 of 6" in html
    assert "100 %" in html
    assert ward.study.title in html
    assert ward.study.title not in panel.get("/admin/studies/study/?state=draft").content.decode()


def test_the_list_asks_as_much_for_many_studies_as_for_one(
    panel: Client, draft: Study, researcher: User, django_assert_max_num_queries: object
) -> None:
    for number in range(5):
        text = PROTOCOL.format(slug=f"more-{number}", blocks=BLOCKS["usefulness"])
        load_protocol(source=text, actor=researcher)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        panel.get("/admin/studies/study/")


def test_the_overview_has_the_studies(panel: Client, ward: Ward) -> None:
    html = panel.get("/admin/").content.decode()
    assert "studies-by-state" in html
    assert ward.study.title in html


def test_a_preview_is_taken_in_the_reading_room_and_never_counted(panel: Client, ward: Ward, researcher: User) -> None:
    answer = panel.post(address(ward, "preview/"))
    enrolment = Enrolment.objects.get(reader__user=researcher)
    assert answer["Location"] == f"/study/{enrolment.pk}/"
    assert enrolment.run_kind == RunKind.PREVIEW
    row = panel.get("/admin/studies/study/").context["rows"][0]
    assert (row.readers, row.total) == (0, 0)
    assert panel.post(address(ward, "preview/"))["Location"] == answer["Location"]


def test_a_draft_has_nothing_to_preview(panel: Client, draft: Study) -> None:
    page = panel.post(page_of(draft, "preview/"), follow=True)
    assert "lock the protocol first" in page.content.decode()
    assert not Enrolment.objects.exists()
