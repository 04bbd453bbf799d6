"""The report says what its tables carry, in three forms, and says it of simulated readers on every page."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader

from evaluation.analyses import registry as analyses
from evaluation.analyses.base import AnalysisContext
from studies.reporting.document import SIMULATED, Examined, Material, banner, document
from studies.reporting.drawings import drawings
from studies.reporting.pictures import striking_maps
from studies.reporting.render import as_html, as_json, as_pdf
from tests.studies.reporting.tables import ratings


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The document of a small table."""
    table = ratings()
    context = AnalysisContext(directions={"deletion": False, "pointing-game": True}, bootstrap=200)
    examined = [
        Examined(analyses.build(name).analyse(table, context=context), "net", name == "usefulness-model", "a", "b")
        for name in ("usefulness-model", "agreement", "benchmark", "quadrant")
    ]
    return document(
        Material(
            title="Heat <maps> & trust",
            question="Do they deserve it?",
            run_kinds=("bot",),
            facts=(("Readers", "10"),),
            flow=pd.DataFrame({"kind of run": ["Simulated reader"], "enrolled": [10]}).set_index("kind of run"),
            networks=(),
            network_notes=(),
            examined=tuple(examined),
            figures=drawings(table, examined, context),
            pictures=(),
            departures=("10 readers were planned; answers of 9 are analysed.",),
            phantoms=True,
            provenance={"seed": 1},
        )
    )


def _words(section: str, made: dict[str, Any]) -> str:
    return json.dumps(next(each for each in made["sections"] if each["id"] == section))


def test_it_reports_the_planted_effect_as_a_finding(made: dict[str, Any]) -> None:
    assert "rated grad-cam higher than random-map" in _words("findings", made)


def test_each_finding_is_carried_by_its_interval(made: dict[str, Any]) -> None:
    findings = [finding for result in made["analyses"].values() for finding in result["findings"]]
    assert findings
    assert all(not finding["low"] <= finding["null"] <= finding["high"] for finding in findings)


def test_every_kind_of_figure_is_drawn(made: dict[str, Any]) -> None:
    pictures = next(each for each in made["sections"] if each["id"] == "pictures")
    assert [block["name"] for block in pictures["blocks"]] == ["ratings-net", "metrics-net", "quadrant-net"]
    assert all(block["svg"].startswith("<svg") and block["alternative"] for block in pictures["blocks"])


def test_html_escapes_titles_and_needs_nothing_beside_it(made: dict[str, Any]) -> None:
    page = as_html(made)
    assert "Heat &lt;maps&gt; &amp; trust" in page
    assert "<svg" in page
    assert SIMULATED in page
    assert "<script" not in page
    assert "<link" not in page


def test_pdf_says_on_every_page_that_readers_were_simulated(made: dict[str, Any]) -> None:
    pdf = as_pdf(made)
    assert pdf == as_pdf(made)
    assert pdf.count(b"/StructTreeRoot") >= 1
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) > 2
    assert all("Simulated readers" in page for page in pages)


def test_json_is_plain(made: dict[str, Any]) -> None:
    assert json.loads(as_json(made))["title"] == "Heat <maps> & trust"


@pytest.mark.parametrize(
    ("kinds", "says"), [(["live"], ""), (["bot"], "Simulated readers"), (["bot", "live"], "together with people")]
)
def test_the_banner_tells_whom_it_counts(kinds: list[str], says: str) -> None:
    assert says in banner(kinds)
    assert bool(banner(kinds)) == bool(says)


def test_the_most_liked_unfaithful_map_comes_first() -> None:
    table = ratings()
    liked = (table["method"] == "lrp") & (table["case"] == "case-03")
    table.loc[liked, "score"] = 5.0
    table.loc[liked, "metric.deletion"] = 9.0
    first = striking_maps(table).iloc[0]
    assert (first["method"], first["case"], first["name"]) == ("lrp", "case-03", "deletion")


def test_controls_are_no_striking_cases() -> None:
    assert not set(striking_maps(ratings())["method"]) & {"random-map", "edge-map"}
