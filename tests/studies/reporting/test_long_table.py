"""The long table holds the scores of raw maps, of the very maps that were shown, of controls, and their gaps."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.management import call_command

from portal.display import PRESENTATIONS, native
from portal.explanations.models import Explanation, Presentation, Score
from portal.explanations.selectors import map_of
from portal.parts.models import Part
from portal.storage import put_array
from studies.models import RunKind
from studies.reporting.table import long_table
from studies.services.export import codebook_as_csv
from tests.studies.ward import Ward

pytestmark = [pytest.mark.django_db, pytest.mark.db]


@pytest.fixture
def scored(ward: Ward, transactional_db: None) -> Ward:
    """Every map scored raw, as shown, and as it would be shown otherwise; read by two simulated readers."""
    Part.objects.create(
        family="evaluation.metrics", name="mass", title="Mass", summary="How much lies within.",
        facts={"higher_is_better": True},
    )  # fmt: skip
    for number, made in enumerate(Explanation.objects.select_related("image").order_by("pk")):
        image = made.image
        shown = native(map_of(made), rows=image.rows, columns=image.columns)
        score = {"explanation": made, "metric": "mass", "label": "mass", "metric_version": "1"}
        controls = {"blur-matched": {"value": 0.25}, "random": {"value": None}}
        Score.objects.create(**score, value=float(number), standard_error=0.5, controls=controls)
        Score.objects.create(**score, presentation="native-positive", shown=put_array(shown.array), value=number + 0.5)
        Score.objects.create(**score, presentation="harmonised-positive", shown="0" * 64, value=-1.0)
        gone = score | {"metric": "hit", "label": "hit"}
        Score.objects.create(**gone, value=None, reason="The mask is empty.")
    call_command("simulate_readers", ward.study.slug, readers=2, seed=1, verbosity=0)
    return ward


def test_each_row_has_the_scores_of_its_own_map(scored: Ward) -> None:
    table = long_table(scored.study.versions.get(), [RunKind.BOT])
    rated = table[table["explanation"].notna()]
    expected = dict(Score.objects.filter(label="mass", presentation="raw").values_list("explanation__key", "value"))
    assert (rated["metric.mass"] == rated["explanation"].map(expected)).all()
    assert (rated["displayed.mass"] == rated["metric.mass"] + 0.5).all()
    assert (rated["blur-matched.mass"] == 0.25).all()
    assert (rated["error.mass"] == 0.5).all()
    assert set(rated["undefined.hit"]) == {"The mask is empty."}
    assert not {"metric.hit", "random.mass", "displayed.hit"} & set(table.columns)
    assert table.loc[table["explanation"].isna(), "metric.mass"].isna().all()


def test_scores_of_other_bytes_than_were_shown_do_not_count(scored: Ward) -> None:
    Score.objects.filter(presentation="native-positive").update(shown="1" * 64)
    assert "displayed.mass" not in long_table(scored.study.versions.get(), [RunKind.BOT])


def test_the_code_book_names_every_column_of_the_table(scored: Ward) -> None:
    table = long_table(scored.study.versions.get(), [RunKind.BOT])
    book = {row["column"]: row for row in csv.DictReader(io.StringIO(codebook_as_csv(table).decode()))}
    assert list(book) == list(table.columns)
    assert book["metric.mass"]["meaning"].startswith("Mass: How much lies within. (Higher is better.)")
    assert "the very map that the reader was shown" in book["displayed.mass"]["meaning"]
    assert "metric.hit" in book["undefined.hit"]["meaning"]
    general = {row["column"] for row in csv.DictReader(io.StringIO(codebook_as_csv().decode()))}
    assert {"metric.<name>", "displayed.<name>", "blur-matched.<name>", "undefined.<name>"} <= general


def test_every_presentation_of_a_protocol_can_be_scored() -> None:
    assert set(PRESENTATIONS) | {"raw"} == set(Presentation.values)
