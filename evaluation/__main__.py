"""Run an analysis on an exported table, `python -m evaluation agreement ratings.csv [--json]`, or plan a study."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# As manage.py does: run from the repository, this finds `foundation` without further settings.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "platform"))

from evaluation import power_command
from evaluation.analyses import Analysis, AnalysisContext, AnalysisResult, registry
from evaluation.analyses.columns import COLUMNS, COMMON
from evaluation.command_line import Parser, UserMistake, read_table
from foundation.registry import parameters_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named analysis; 0 when it worked, 2 with one sentence on standard error when the user erred."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if not given or given[0] == "--list":
            listed = [f"{part.name}: {part.question}" for part in registry]
            sys.stdout.write("\n".join([*listed, f"{power_command.NAME}: {power_command.QUESTION}"]) + "\n")
            return 0
        if given[0] == power_command.NAME:
            sys.stdout.write(power_command.power_text(given[1:]))
            return 0
        named = None if given[0].startswith("-") else registry[given[0]]
        options = _parser(named).parse_args(given)
        result = _run(options)
    except (ValueError, LookupError, OSError) as error:
        sys.stderr.write(f"{error.args[0] if isinstance(error, LookupError) else error}\n")
        return 2
    sys.stdout.write(json.dumps(result.to_json(), indent=2) + "\n" if options.json else as_text(result))
    return 0


def as_text(result: AnalysisResult) -> str:
    """Tables and sentences as plain text."""
    parts = [f"{result.title}\n{result.question}"]
    parts += [f"[{name}]\n{table.to_string(index=False, na_rep='-')}" for name, table in result.tables.items()]
    lists = {
        "Reading": result.reading,
        "Findings": [finding.statement for finding in result.findings],
        "Open questions": result.open_questions,
        "Assumptions checked": [str(check) for check in result.checks],
        "What would change the conclusion": result.changes,
        "Warnings": result.warnings,
    }
    parts += [f"{title}:\n" + "\n".join(f"- {line}" for line in lines) for title, lines in lists.items() if lines]
    return "\n\n".join(parts) + "\n"


def _parser(analysis: type[Analysis] | None) -> argparse.ArgumentParser:
    """The parser, its help that of the analysis."""
    parser = Parser(
        prog=f"python -m evaluation {analysis.name if analysis else 'ANALYSIS'}",
        usage="%(prog)s data.csv [options]",
        description=_description(analysis) if analysis else "Analyse a table of ratings; --list names the analyses.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=True,
    )
    parser.add_argument("analysis", help=argparse.SUPPRESS)
    parser.add_argument("data", nargs="?", help="the table, a CSV file with one row an answer")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--list", action="store_true", help="list the analyses")
    parser.add_argument("--seed", type=int, default=0, help="the seed of whatever is drawn")
    parser.add_argument("--bootstrap", type=int, default=2000, help="the number of bootstrap replicates")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the analysis")
    parser.add_argument(
        "--lower",
        action="append",
        default=[],
        metavar="METRIC",
        help="a metric that is better when lower; others higher",
    )
    return parser


def _description(analysis: type[Analysis]) -> str:
    """What the analysis asks, which columns it reads and what can be set."""
    optional = [name for name in dict.fromkeys((*analysis.uses, *COMMON)) if name not in analysis.needs]
    parts = [
        f"{analysis.title}: {analysis.question}",
        textwrap.fill(f"Assumes: {analysis.assumptions}", 100),
        "Columns that must be there:\n" + _columns(analysis.needs),
        "Columns that are read where they are there:\n" + _columns(optional),
    ]
    settings = [f"  {parameter.name}={parameter.default!r}: {parameter.help}" for parameter in parameters_of(analysis)]
    return "\n\n".join([*parts, *(["Parameters (--set):\n" + "\n".join(settings)] if settings else [])])


def _columns(names: Sequence[str]) -> str:
    return "\n".join(f"  {name}: {COLUMNS[name]}" for name in names)


def _run(options: argparse.Namespace) -> AnalysisResult:
    part = registry.build(options.analysis, dict(_setting(text) for text in options.set))
    table = read_table(options.data)
    metrics = [str(name).removeprefix("metric.") for name in table.columns if str(name).startswith("metric.")]
    unknown = sorted(set(options.lower) - set(metrics))
    if unknown:
        raise UserMistake(f"The table has no metric {unknown[0]!r}; it has: {', '.join(metrics) or 'none'}.")
    directions = {name: name not in options.lower for name in metrics} if options.lower else {}
    context = AnalysisContext(directions=directions, bootstrap=options.bootstrap)
    return part.analyse(table, seed=options.seed, context=context)


def _setting(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise UserMistake(f"{text!r} must read NAME=VALUE.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())
