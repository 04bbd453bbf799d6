from __future__ import annotations

import re
from pathlib import Path

import pytest

from evaluation.analyses import Analysis, registry
from evaluation.analyses.columns import COLUMNS
from evaluation.analyses.document import document, validations

PAGE = Path(__file__).parents[3] / "docs" / "statistics.md"
STATISTICS = Path(__file__).parents[1] / "statistics"


def test_the_page_is_what_the_registry_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == document(page), "Run `python -m evaluation.analyses.document`."


@pytest.mark.parametrize("part", list(registry), ids=lambda part: part.name)
def test_each_analysis_states_its_model_and_what_would_change_its_conclusion(part: type[Analysis]) -> None:
    assert part.model.endswith(".")
    assert part.fragile.endswith(".")
    assert {*part.needs, *part.uses} <= set(COLUMNS)


def test_every_validation_is_made_by_a_test() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in STATISTICS.glob("test_*.py"))
    rows = re.findall(r"^\| ([^|]+?) \| ", validations(PAGE.read_text(encoding="utf-8")), re.MULTILINE)
    made = [row for row in rows if row != "statistic"]
    assert len(made) >= 20
    for row in made:
        assert re.search(re.escape(row.partition(",")[0]), sources), f"No test validates {row}."
