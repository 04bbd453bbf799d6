"""Case review: maps, metrics and ratings side by side, under letters until somebody looks behind them on record."""

from __future__ import annotations

import json
import re

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from portal.accounts.models import User
from portal.catalog.models import Case
from portal.explanations.models import Score
from studies.models import Enrolment, Response, RunKind, Trial
from studies.panel.review import case_review
from studies.services.design import close_study
from tests.studies.panel.conftest import address
from tests.studies.ward import METHODS, NETWORKS, Ward, make_study, unblind

pytestmark = [pytest.mark.django_db, pytest.mark.db]


@pytest.fixture
def rated(read_through: Enrolment) -> Trial:
    """A usefulness trial with an answer, and a metric of its map."""
    trial = read_through.trials.filter(task="usefulness", is_practice=False)[0]
    assert trial.stimulus.explanation is not None
    Score.objects.create(
        explanation=trial.stimulus.explanation, metric="deletion", label="deletion", metric_version="1", value=0.4321
    )
    return trial


def test_ratings_stand_beside_the_map_that_was_rated(panel: Client, ward: Ward, rated: Trial) -> None:
    review = case_review(ward.study.versions.get(), rated.case, [RunKind.LIVE], named=False)
    arms = {arm.code: arm for arm in review.arms}
    mine = arms[rated.arm.code]
    # The reader answered coverage 4, extraneous 2: counted straight from the stored answer.
    stored = Response.objects.get(trial=rated).answers
    assert [question.mean for question in mine.ratings] == [stored["coverage"], stored["extraneous"]]
    assert [count for _label, count in mine.ratings[0].options] == [0, 0, 0, 1, 0]
    assert [(each.title, each.value) for each in mine.metrics] == [("deletion", 0.4321)]
    assert all(not arm.ratings for code, arm in arms.items() if code != rated.arm.code)
    html = panel.get(address(ward, f"cases/{rated.case_id}/")).content.decode()
    assert "0.432" in html
    assert "mean 4.00 of 5" in html


def test_comparisons_are_counted_for_both_maps(ward: Ward, read_through: Enrolment) -> None:
    trial = read_through.trials.filter(task="preference")[0]
    second = trial.stimuli[1].arm
    review = case_review(ward.study.versions.get(), trial.case, [RunKind.LIVE], named=False)
    fates = {arm.code: arm.compared for arm in review.arms if arm.compared}
    # Every reader of these tests prefers the second map.
    assert (fates[trial.arm.code].preferred, fates[trial.arm.code].refused) == (0, 1)
    assert (fates[second.code].preferred, fates[second.code].refused) == (1, 0)


def test_diagnoses_before_and_after(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    trial = read_through.trials.filter(task="diagnosis")[0]
    review = case_review(ward.study.versions.get(), trial.case, [RunKind.LIVE], named=False)
    (reading,) = review.readings
    assert (reading.initial, reading.final) == (30, 65.5)
    truth = trial.case.reference_standards.get().label
    assert (reading.right_first, reading.right_last) == (truth == 0, truth == 1)
    assert "66 %" in panel.get(address(ward, f"cases/{trial.case_id}/")).content.decode()


def test_other_kinds_of_readers_count_only_when_asked(panel: Client, ward: Ward, rated: Trial) -> None:
    Enrolment.objects.update(run_kind=RunKind.BOT)
    place = address(ward, f"cases/{rated.case_id}/")
    assert panel.get(place).context["review"].readers == 0
    assert panel.get(f"{place}?kind=bot").context["review"].readers == 1
    assert panel.get(f"{place}?kind=preview").context["review"].readers == 0


def leaks(html: str) -> list[str]:
    """Names of methods and networks in a page."""
    return [name for name in (*METHODS, *NETWORKS) if re.search(re.escape(name), html, re.IGNORECASE)]


def test_the_analyst_sees_letters_until_the_methods_are_told(
    panel: Client, ward: Ward, rated: Trial, researcher: User, administrator: User
) -> None:
    place = address(ward, f"cases/{rated.case_id}/")
    blinded = panel.get(place).content.decode()
    assert f"Arm {rated.arm.code}" in blinded
    assert leaks(blinded) == []
    close_study(study=ward.study, actor=researcher)
    assert leaks(panel.get(place).content.decode()) == [], "closing alone tells nothing"
    unblind(ward.study, researcher, administrator)
    html = panel.get(place).content.decode()
    assert rated.arm.label in html


def test_pictures_are_pngs_of_this_study_alone(panel: Client, ward: Ward, rated: Trial) -> None:
    shown = panel.get(address(ward, f"maps/{rated.stimulus_id}"))
    assert (shown["Content-Type"], shown.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    image = panel.get(address(ward, f"cases/{rated.case_id}/image"))
    assert image.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert image.content != shown.content
    unused = Case.objects.create(dataset=rated.case.dataset, slug="elsewhere")
    assert panel.get(address(ward, f"cases/{unused.pk}/image")).status_code == 404
    other = make_study(ward.researcher, tasks=("usefulness",), slug="other-study")
    assert panel.get(address(other, f"maps/{rated.stimulus_id}")).status_code == 404


def test_the_case_page_of_the_panel_has_the_ratings(panel: Client, ward: Ward, rated: Trial) -> None:
    """The include on its own, as the portal's page of a case has it."""
    request = RequestFactory().get("/")
    request.session = panel.session
    html = render_to_string("studies/panel/case_ratings.html", {"case": rated.case, "request": request})
    assert f"Arm {rated.arm.code}" in html
    assert "4.00 of 5" in html
    assert leaks(html) == []


def test_responses_are_listed_by_letter_and_cannot_be_changed(panel: Client, ward: Ward, rated: Trial) -> None:
    response = Response.objects.get(trial=rated)
    html = panel.get("/admin/studies/response/").content.decode()
    assert "coverage: 4" in html
    assert leaks(html) == []
    record = panel.get(f"/admin/studies/response/{response.pk}/change/")
    assert "coverage: 4" in record.content.decode()
    assert "_save" not in record.content.decode()
    answer = panel.post(f"/admin/studies/response/{response.pk}/change/", {"answers": json.dumps({"coverage": 5})})
    assert answer.status_code == 403
    response.refresh_from_db()
    assert response.answers["coverage"] == 4


@pytest.mark.parametrize("name", ["trial__enrolment__run_kind__exact=bot", "trial__task=nothing"])
def test_responses_are_filtered(panel: Client, rated: Trial, name: str) -> None:
    page = panel.get(f"/admin/studies/response/?{name}")
    assert page.status_code == 200
    assert "coverage: 4" not in page.content.decode()
