"""Metrics in the report: laid out to be read across, with what was not tested and where metrics disagree."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from evaluation.analyses import registry as analyses
from evaluation.analyses.base import AnalysisContext
from evaluation.analyses.result import AnalysisResult
from studies.reporting.blocks import Block, number
from studies.reporting.coverage import CO12, NOTHING, coverage_blocks
from studies.reporting.document import Examined, Material, document, scored_networks
from studies.reporting.metric_blocks import MetricFacts, Names, metric_blocks
from studies.reporting.render import as_html, as_json, as_pdf
from tests.evaluation.analyses.test_metric_analyses import scores

NAMES = Names(
    {
        "srg": MetricFacts("Symmetric relevance gain", "faithfulness", True, ("correctness",)),
        "deletion": MetricFacts("Deletion", "faithfulness", False, ("correctness",)),
        "pointing": MetricFacts("Pointing game", "localisation", True, ("coherence",)),
    },
    {"lrp": "LRP", "ig": "Integrated gradients", "random-map": "Random map"},
)
CONTEXT = AnalysisContext(
    directions={name: facts.higher_is_better for name, facts in NAMES.metrics.items()},
    titles={name: facts.title for name, facts in NAMES.metrics.items()} | dict(NAMES.methods),
    bootstrap=200,
)


def analysed(name: str, table: pd.DataFrame | None = None) -> AnalysisResult:
    return analyses[name]().analyse(scores() if table is None else table, seed=1, context=CONTEXT)


def tables(name: str) -> dict[str, Block]:
    laid_out = metric_blocks(analysed(name), NAMES)
    assert laid_out is not None
    return {block["caption"]: block for block in laid_out if block["kind"] == "table"}


def test_methods_stand_down_and_the_metrics_of_a_family_across() -> None:
    found = tables("metric-table")
    assert found["Faithfulness"]["columns"] == ["Method", "Symmetric relevance gain ↑", "Deletion ↓"]
    assert found["Localisation"]["columns"] == ["Method", "Pointing game ↑"]
    rows = {row[0]: row[1:] for row in found["Faithfulness"]["rows"]}
    assert list(rows)[-1] == "Random map (control)"
    mean = scores().query("method == 'lrp'")["metric.srg"].mean()
    assert rows["LRP"][0].startswith(f"{mean:.3f} (0.")


def test_no_table_is_wider_than_a_page() -> None:
    table = scores()
    for number_ in range(9):
        table[f"metric.extra-{number_}"] = table["metric.srg"]
    laid_out = metric_blocks(analysed("metric-table", table), NAMES) or []
    assert all(len(block["columns"]) <= 6 for block in laid_out if block["kind"] == "table")


def test_beside_localisation_stands_what_a_blob_would_score() -> None:
    block = tables("metric-table")["Pointing game ↑"]
    assert block["columns"] == ["Method", "maps", "map", "blur-matched", "random", "gain over blur-matched"]
    row = next(row for row in block["rows"] if row[0] == "LRP")
    assert row[3:5] == ["0.300", "0.100"]
    assert row[5].startswith("-0.2")


def test_the_matrix_of_agreement_is_symmetric_with_numbered_metrics() -> None:
    block = tables("metric-agreement")["Kendall's tau between metrics, mean over cases"]
    assert block["columns"] == ["Metric", "1", "2", "3"]
    cells = [row[1:] for row in block["rows"]]
    assert all(cells[i][j] == cells[j][i] for i in range(3) for j in range(3))
    assert {row[0] for row in block["rows"]} == {"1 Symmetric relevance gain", "2 Deletion", "3 Pointing game"}


def test_disputes_name_metrics_and_methods() -> None:
    block = tables("metric-agreement")["Where two metrics are sure of opposite things"]
    assert ["Symmetric relevance gain", "LRP", "Pointing game", "Integrated gradients"] in block["rows"]


def test_raw_and_shown_stand_side_by_side() -> None:
    block = tables("display-effect")["Scores of raw maps and of the maps that readers saw"]
    assert block["rows"][0][-2:] == ["LRP", "Integrated gradients"]


def test_without_shown_scores_the_report_says_how_to_get_them() -> None:
    laid_out = metric_blocks(analysed("display-effect", scores().drop(columns="displayed.srg")), NAMES) or []
    assert "--presentations" in laid_out[0]["text"]


def test_other_analyses_keep_their_own_tables() -> None:
    assert metric_blocks(replace(analysed("metric-table"), name="benchmark"), NAMES) is None


def test_what_was_not_tested_is_named() -> None:
    made = coverage_blocks(NAMES.metrics.values(), ["usefulness"])
    gaps = next(block["text"] for block in made if block.get("tone") == "warning")
    untested = set(CO12) - {"correctness", "coherence"}
    assert all(name in gaps for name in untested)
    assert "correctness" not in gaps
    matrix, asked = (block for block in made if block["kind"] == "table")
    assert len(matrix["rows"]) == len(asked["rows"]) == 12
    assert {row[0] for row in matrix["rows"] if row[-1] == "no"} == untested
    assert {row[0] for row in asked["rows"] if row[-1] == NOTHING} == untested
    assert next(row for row in matrix["rows"] if row[0] == "coherence")[1:] == ["·", "1", "1", "yes"]


def test_every_metric_speaks_to_properties_that_the_report_knows() -> None:
    from evaluation.metrics import registry

    assert {name for part in registry for name in part.co12} <= set(CO12)


def made() -> Material:
    examined = [
        Examined(analysed(name), "net", False, "a", "b")
        for name in ("metric-table", "metric-agreement", "display-effect")
    ]
    flow = pd.DataFrame({"kind of run": ["Reader"], "enrolled": [1]}).set_index("kind of run")
    nothing: tuple[str, ...] = ()
    return Material(
        "T", "Q?", ("live",), (), flow, (), (), tuple(examined), (), (), nothing, phantoms=False,
        provenance={"seed": 1}, names=NAMES, metrics=tuple(NAMES.metrics.values()), tasks=("usefulness",),
    )  # fmt: skip


def test_the_first_page_says_where_metrics_disagree() -> None:
    findings = next(section for section in document(made())["sections"] if section["id"] == "findings")
    headings = [block["text"] for block in findings["blocks"] if block["kind"] == "heading"]
    assert "Where metrics disagree" in headings
    said = str(findings["blocks"])
    assert "of 6 pairs of methods, each sure of its side" in said
    assert "By Symmetric relevance gain the best method is LRP on raw maps" in said


def test_all_three_forms_hold_the_metrics() -> None:
    report = document(made())
    assert "Co-12 coverage" in as_html(report)
    assert "Co-12 coverage" in as_json(report)
    assert as_pdf(report).startswith(b"%PDF")


@pytest.mark.parametrize(("value", "shown"), [(-0.0004, ">-0.001"), (0.0004, "<0.001"), (-0.004, "-0.004"), (0.0, "0")])
def test_small_numbers_keep_their_side(value: float, shown: str) -> None:
    assert number(value) == shown


def test_networks_without_scores_have_no_metric_sections() -> None:
    table = pd.DataFrame({"network": ["a", "b"], "metric.srg": [None, 0.3]})
    assert list(scored_networks(table)) == ["b"]
