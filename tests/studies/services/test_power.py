"""The power of a study's own design: the schedule that is simulated, the grid, the chosen point, the page."""

from __future__ import annotations

import pytest

from evaluation.statistics.power_grid import power_grid
from portal.accounts.models import User
from portal.jobs.models import Job
from studies.models import PowerEstimate, Study
from studies.protocol import from_document
from studies.services.ask_power import NoPower, block_of_plan, grid_of, request_power, table_of
from studies.services.design import load_protocol, lock_study
from studies.services.plan_power import estimate_power, layout_of
from tests.studies.ward import BLOCKS, PROTOCOL, make_records, signed_in

pytestmark = pytest.mark.django_db

PLAN = """
power: {effect: 2.5, method: grad-cam, against: random-map, readers: [4], cases: [3, 6], simulations: 12}
"""


def loaded(researcher: User, blocks: str = BLOCKS["usefulness"], plan: str = PLAN) -> Study:
    make_records()
    load_protocol(source=PROTOCOL.format(slug="ward-study", blocks=blocks) + plan, actor=researcher)
    return Study.objects.get(slug="ward-study")


def no_progress(done: int, total: int, message: str = "") -> None:
    """Nothing to tell."""


def test_the_simulated_schedule_is_that_of_the_design(researcher: User) -> None:
    protocol = from_document(loaded(researcher).versions.get().document)
    layout = layout_of(protocol, protocol.block("rate"), 6, 9)
    assert len(layout) == 6 * 9, "a Latin square: each reader sees each case once"
    assert sorted(layout["method"].unique()) == [" random-map", "grad-cam", "kernel-shap"]
    assert set(layout.groupby(["case", "method"]).size()) == {2}


def test_every_point_is_kept_with_the_planned_one_marked(researcher: User) -> None:
    version = loaded(researcher).versions.get()
    made = estimate_power(version=version, progress=no_progress, actor=researcher)
    columns, rows = table_of(made.result)
    assert columns == [3, 6]
    assert [readers for readers, _points in rows] == [4, 6]
    marked = [(point["readers"], point["cases"]) for _readers, points in rows for point in points if point["is_chosen"]]
    assert marked == [(6, 3)]
    for point in made.result["points"]:
        assert (point["power"] is None) == bool(point["why"]), "a point without power says why"
    powers = {(p["readers"], p["cases"]): p["power"] for p in made.result["points"]}
    assert powers[6, 6] > 0.5, "an effect of 2.5 is hard to miss"


def test_the_figure_is_that_of_the_statistics(researcher: User) -> None:
    """Oracle: the same layout handed to evaluation.statistics by hand."""
    version = loaded(researcher).versions.get()
    protocol = from_document(version.document)
    point = next(
        p
        for p in estimate_power(version=version, progress=no_progress).result["points"]
        if (p["readers"], p["cases"]) == (6, 6)
    )
    from foundation.seeds import derive

    layout = layout_of(protocol, protocol.block("rate"), 6, 6)
    grid = power_grid(
        readers=[6],
        cases=[6],
        effects={"method[grad-cam]": 2.5},
        variances={"rater": 0.5, "case": 0.5, "rater:method": 0.1},
        layout=lambda _readers, _cases: layout,
        simulations=12,
        seed=derive(protocol.seed, "power", 6, 6) % 2**32,
    )
    assert point["power"] == grid.table.iloc[0]["power"]


def test_a_diagnosis_is_simulated_by_areas(researcher: User) -> None:
    block = BLOCKS["diagnosis"].replace("{name: latin-square}", "{name: crossover}")
    plan = PLAN.replace("against: random-map", "against: none").replace("cases: [3, 6]", "cases: [12]")
    plan += "analysis: {primary: reliance, outcome: probability}\n"
    version = loaded(researcher, block, plan).versions.get()
    made = estimate_power(version=version, progress=no_progress)
    assert made.result["model"] == "mrmc"
    point = next(p for p in made.result["points"] if (p["readers"], p["cases"]) == (4, 12))
    assert point["why"] == ""
    assert 0 <= point["power"] <= 1


def test_pairs_have_no_power_here_and_say_so(researcher: User) -> None:
    study = loaded(researcher, BLOCKS["preference"], "\nanalysis: {primary: preference, outcome: preferred}\n")
    with pytest.raises(NoPower, match="one map at a time"):
        request_power(version=study.versions.get(), actor=researcher)


def test_a_grid_without_numbers_lies_around_the_plan(researcher: User) -> None:
    protocol = from_document(loaded(researcher, plan="").versions.get().document)
    assert grid_of(protocol, block_of_plan(protocol)) == [(r, c) for r in (3, 6, 9, 12) for c in (2, 3, 4, 6)]


def test_the_page_asks_for_it_and_shows_it(researcher: User) -> None:
    study = loaded(researcher)
    client = signed_in(researcher)
    page = f"/admin/studies/study/{study.pk}/change/"
    assert "Not simulated yet" in client.get(page).content.decode()
    assert client.post(f"/admin/studies/study/{study.pk}/power/").status_code == 302
    if not PowerEstimate.objects.exists():  # queued: a worker does it
        assert Job.objects.get(kind="power").payload["version_id"] == study.versions.get().pk
        estimate_power(version=study.versions.get(), progress=no_progress)
    shown = client.get(page).content.decode()
    assert "Power of this design" in shown
    assert 'class="state done">planned' in shown
    assert "The protocol has changed" not in shown
    lock_study(study=study, actor=researcher)
    assert "The protocol has changed" not in client.get(page).content.decode(), "locking changes nothing of it"
