"""docs/metrics.md says of every metric what the registry says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.metrics import Metric, registry
from evaluation.metrics.document import FAMILIES, document, own_metrics
from foundation.registry import parameters_of

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "metrics.md"
REMEDY = "Run `python -m evaluation.metrics.document` and commit what it writes."


def test_the_page_is_what_the_registry_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), f"docs/metrics.md is behind the registry. {REMEDY}"


@pytest.mark.parametrize("part", list(registry), ids=lambda part: part.name)
def test_a_metrics_section_states_its_facts(part: type[Metric]) -> None:
    page = document([part])
    section = page[page.index(f"### {part.title}") :]
    for fact in (part.name, part.reference, part.summary, part.caveat, part.span, part.undefined_when, *part.co12):
        assert fact in section
    assert part.formula.replace("|", "\\|") in section
    assert f"| better | {'higher' if part.higher_is_better else 'lower'} |" in section
    assert ("| chance |" in section) == part.stochastic
    for parameter in parameters_of(part):
        assert f"| `{parameter.name}` |" in section
        assert parameter.help in section


def test_every_family_of_a_metric_has_its_chapter_and_every_link_its_target() -> None:
    page = document()
    assert {part.family for part in own_metrics()} == set(FAMILIES)
    headings = re.findall(r"^### (.+)$", page, re.MULTILINE)
    assert len(headings) == len(own_metrics()) == len(list(registry))
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) == anchors


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evaluation.metrics.document"]
    done = subprocess.run([*command, str(tmp_path / "page.md")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == document()
    wrong = subprocess.run([*command, str(tmp_path / "no" / "page.md")], cwd=ROOT, capture_output=True, text=True)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("There is no folder")
