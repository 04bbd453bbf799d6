"""docs/statistics.md: every registered analysis with its facts; `python -m evaluation.analyses.document`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from evaluation.analyses.base import Analysis
from evaluation.analyses.columns import COLUMNS, COMMON
from foundation.registry import Parameter, parameters_of

START, END = "<!-- validations -->", "<!-- end of validations -->"
OPENING = """# The statistics

<!-- The analyses are written by `python -m evaluation.analyses.document` from the registry, the table of validations by
     the tests (`WRITE_VALIDATIONS=1 make test TESTS=tests/evaluation/statistics`): change those, not this page. -->

What the platform asks of a study's long table, how it answers, and what it was held against. Each analysis runs on an
exported table without the platform as well:

    python -m evaluation usefulness-model ratings.csv
    python -m evaluation usefulness-model --help        # the columns that it reads, and its parameters

* **Intervals first.** A claim is made where an interval leaves out the value of no effect, and else the question is
  left open. The primary analysis is named in the protocol before the first answer and guarded by Holm; all others are
  exploratory, adjusted by Benjamini and Hochberg, and labelled so.
* **Readers and cases vary.** Nothing treats ratings of one reader, or of one case, as independent: models have terms
  for both, bootstraps resample both (Owen 2007). No p-value is computed over single ratings.
* **Few readers, few cases.** Under ten of either the intervals are likely too narrow; under five nothing is claimed.
* **No difference** needs a bound that was set beforehand (`tost`), never a large p-value.
* **Missing answers** are counted and left out; likelihood models take them to be missing at random.
"""


def document(before: str = "", parts: Iterable[type[Analysis]] | None = None) -> str:
    """The whole page as Markdown; the table of validations is kept as `before` has it."""
    from evaluation.analyses import registry

    own = [part for part in registry if part.__module__.startswith(f"{registry.package}.")]
    chosen = own if parts is None else list(parts)
    lines = [OPENING, "## Analyses\n", *_overview(chosen), *map(_section, chosen)]
    lines += ["## Columns\n", f"{columns_table()}\n", "## Validations\n"]
    lines.append(
        "What each function was held against, and the largest difference seen. R is no dependency: its values are"
        "\ngolden files with the script that made them beside the tests.\n"
    )
    lines.append(f"{START}\n{validations(before)}{END}")
    return "\n".join(lines).rstrip() + "\n"


def validations(page: str) -> str:
    """The table of validations that a page holds."""
    return page.partition(f"{START}\n")[2].partition(END)[0]


def _overview(parts: list[type[Analysis]]) -> Iterator[str]:
    yield "| analysis | question |\n|---|---|"
    for part in parts:
        yield f"| [{part.name}](#{part.title.lower().replace(' ', '-').replace(',', '')}) | {part.question} |"
    yield ""


def _section(part: type[Analysis]) -> str:
    optional = [name for name in dict.fromkeys((*part.uses, *COMMON)) if name not in part.needs]
    lines = [
        f"### {part.title}",
        "",
        f"`{part.name}` · {part.reference}",
        "",
        f"**Asks:** {part.question}",
        f"**Model:** {part.model}",
        f"**Assumes:** {part.assumptions}",
        f"**Would change the conclusion:** {part.fragile}",
        "",
        f"Reads {_columns(part.needs)}; where they are there also {_columns(optional)}.",
        "",
        *_parameters(parameters_of(part)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _parameters(parameters: Iterable[Parameter]) -> list[str]:
    rows = [
        f"| `{parameter.name}` | {_kind(parameter)} | `{parameter.default}` | {parameter.help} |"
        for parameter in parameters
    ]
    return ["| parameter | is | default | meaning |", "|---|---|---|---|", *rows] if rows else []


def _kind(parameter: Parameter) -> str:
    return ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.kind


def columns_table() -> str:
    """The columns of the long table and their meanings, as Markdown."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in sorted(COLUMNS.items())]
    return "\n".join(["| column | meaning |", "|---|---|", *rows])


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.analyses.document", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=Path("docs/statistics.md"), help="the file to write")
    path: Path = parser.parse_args().path
    if not path.parent.is_dir():
        sys.stderr.write(f"There is no folder {path.parent}.\n")
        return 2
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.write_text(document(before), encoding="utf-8")
    sys.stdout.write(f"{path} written.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
