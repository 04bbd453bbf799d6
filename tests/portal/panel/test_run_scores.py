"""A run's page says what its metrics found, with intervals, controls, and what is undefined."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.catalog.models import Approval, Case
from portal.explanations.models import Explanation, Run, Score
from portal.panel.run_form import RunForm
from portal.panel.run_scores import score_tables
from tests.portal.panel.conftest import WEIGHTS, World

pytestmark = pytest.mark.django_db
SHOWN = "native-positive"


@pytest.fixture
def scored(world: World) -> Run:
    """Three cases with one map each, two of them defined by `deletion`; all shown maps scored."""
    Case.objects.update(approval=Approval.APPROVED)
    for place, case in enumerate(Case.objects.exclude(pk=world.case.pk).order_by("slug")):
        made = Explanation.objects.create(
            key=f"{place:064d}", network=world.network, image=case.images.get(), method="random-map",
            method_version="1", label="random-map", array="0" * 64, seconds=0.1,
            provenance={"weights_sha256": WEIGHTS},
        )  # fmt: skip
        value, reason = ((0.6321, ""), (None, "The model is constant."))[place]
        Score.objects.create(
            explanation=made, metric="deletion", label="deletion", metric_version="1", value=value, reason=reason,
            controls={"blur-matched": {"value": 0.25}, "random": {"value": None}}, standard_error=0.0125,
        )  # fmt: skip
    for made in Explanation.objects.all():
        Score.objects.create(
            explanation=made, metric="deletion", label="deletion", metric_version="1", value=0.5, presentation=SHOWN
        )
    world.run.displayed = {SHOWN: ["deletion"]}
    world.run.save()
    return world.run


def test_a_cell_is_the_mean_over_cases_with_its_interval(scored: Run) -> None:
    raw, shown = score_tables(scored)
    assert (raw.presentation, shown.presentation) == ("raw", SHOWN)
    line = raw.lines[0]
    assert (line.title, line.better, line.error) == ("Deletion", "lower is better", 0.0125)
    cell = line.cells[0]
    assert cell.mean == pytest.approx((0.4321 + 0.6321) / 2)
    assert cell.low is not None
    assert cell.mean is not None
    assert cell.high is not None
    assert 0.4321 <= cell.low < cell.mean < cell.high <= 0.6321
    assert (cell.undefined, cell.blur_matched, cell.random) == (1, 0.25, None)
    assert raw.reasons == [("Deletion", "The model is constant.", 1)]
    assert shown.lines[0].cells[0].mean == 0.5


def test_the_page_shows_both_tables_and_the_reasons(signed_in: Client, scored: Run) -> None:
    page = signed_in.get(reverse("admin:explanations_run_change", args=[scored.pk])).content.decode()
    assert "Scores of the raw maps" in page
    assert "Scores of the maps as shown: native, positive part" in page
    assert "0.532" in page
    assert "1 undefined" in page
    assert "The model is constant." in page
    assert "6 of 6 scores" in page


def test_a_run_without_scores_has_no_table(world: World) -> None:
    Score.objects.all().delete()
    assert score_tables(world.run) == []


def test_a_maps_page_shows_controls_and_noise(signed_in: Client, scored: Run) -> None:
    made = Score.objects.filter(value=0.6321).get().explanation
    page = signed_in.get(reverse("admin:explanations_explanation_change", args=[made.pk])).content.decode()
    assert "± 0.0125" in page
    assert "0.2500" in page
    assert page.index("Raw map") < page.index("As shown: native, positive part")


def test_the_form_asks_in_which_presentations_maps_are_scored(world: World) -> None:
    asked = {"network": world.network.pk, "dataset": world.dataset.pk, "seed": 0, "method-random-map": "on"}
    fine = {"method-random-map-cells": 8, "method-random-map-edge": "soft", "displayed": [SHOWN]}
    form = RunForm(asked | fine)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["displayed"] == [SHOWN]
    assert not RunForm(asked | fine | {"displayed": ["raw"]}).is_valid()
