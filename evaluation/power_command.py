"""`python -m evaluation power`: how many readers and cases a study of ratings needs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from evaluation.command_line import Parser, UserMistake, read_table
from evaluation.statistics import Power, PowerGrid, planned_power
from evaluation.statistics.power_plan import USUAL_VARIANCES

NAME = "power"
QUESTION = "How many readers and cases does a study need?"
_EXAMPLE = """Example:
  python -m evaluation power --readers 8 12 20 --cases 20 40 --methods grad-cam ig lime --effect ig=0.5
  python -m evaluation power --design planned.csv --effect ig=0.5 --simulations 500 --json

Each point is simulated: ratings are drawn from the ordinal model and read as scores by the linear one; --confirm fits
the ordinal model at one point. A design is a CSV file with columns rater (or reader), case and method, a row a rating.
"""


def power_text(arguments: Sequence[str]) -> str:
    """What the command prints; ValueError with one sentence where it was asked for something that cannot be."""
    options = _parser().parse_args(list(arguments))
    grid = planned_power(
        effects=_named(options.effect, "--effect"),
        readers=options.readers,
        cases=options.cases,
        methods=options.methods,
        design=None if options.design is None else read_table(options.design),
        variances=_named(options.variance, "--variance") or None,
        reference=options.reference,
        simulations=options.simulations,
        seed=options.seed,
        alpha=options.alpha,
    )
    confirmed = _confirmed(grid, options.confirm)
    return _as_json(grid, confirmed) if options.json else _as_text(grid, confirmed)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m evaluation power",
        description=QUESTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = ", ".join(f"{name}={value:g}" for name, value in USUAL_VARIANCES.items())
    add = parser.add_argument
    add("--readers", type=int, nargs="+", default=[], help="numbers of readers to try")
    add("--cases", type=int, nargs="+", default=[], help="numbers of cases to try")
    add("--methods", nargs="+", help="the methods that each reader rates on each case")
    add("--design", help="a CSV file with the planned ratings, instead of the three above")
    add("--effect", action="append", default=[], metavar="METHOD=LOG_ODDS", help="the effect to find; may be repeated")
    add("--reference", help="what the methods are compared with; by default the first sorted")
    add("--variance", action="append", default=[], metavar="TERM=VALUE", help=f"of the logit; by default {usual}")
    add("--simulations", type=int, default=1000, help="studies to simulate at each point")
    add("--seed", type=int, default=0, help="the seed of the simulation")
    add("--alpha", type=float, default=0.05, help="a p-value below it is a claim")
    add("--confirm", metavar="READERSxCASES", help="fit the ordinal model at this point of the grid, 200 times")
    add("--json", action="store_true", help="print JSON instead of text")
    return parser


def _named(given: Sequence[str], option: str) -> dict[str, float]:
    found = {}
    for text in given:
        name, separator, value = text.rpartition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            separator = ""
        if not separator or not name.strip():
            raise UserMistake(f"{option} {text!r} must read NAME=NUMBER.")
    return found


def _confirmed(grid: PowerGrid, point: str | None) -> tuple[str, Power] | None:
    if point is None:
        return None
    counts = point.lower().split("x")
    if len(counts) != 2 or not all(count.isdigit() for count in counts):
        raise UserMistake(f"--confirm {point!r} must read READERSxCASES, such as 12x40.")
    readers, cases = map(int, counts)
    rows = grid.table[(grid.table["readers"] == readers) & (grid.table["cases"] == cases)]
    if rows.empty:
        raise UserMistake(f"The grid has no point of {readers} readers and {cases} cases.")
    return point, grid.confirm(readers, cases)


def _as_json(grid: PowerGrid, confirmed: tuple[str, Power] | None) -> str:
    found: dict[str, Any] = {
        "effect": grid.effect,
        "simulations": grid.simulations,
        "points": grid.table.to_dict("records"),
    }
    if confirmed is not None:
        point, power = confirmed
        found["confirmed"] = {
            "point": point,
            "power": power.power,
            "low": power.low,
            "high": power.high,
            "simulations": power.simulations,
            "failed": power.failed,
        }
    return json.dumps(found, indent=2) + "\n"


def _as_text(grid: PowerGrid, confirmed: tuple[str, Power] | None) -> str:
    table = grid.table.to_string(index=False, float_format=lambda value: f"{value:.3f}")
    lines = [f"Power to find {grid.effect}, {grid.simulations} simulated studies a point", table]
    if confirmed is not None:
        point, power = confirmed
        lines.append(
            f"The ordinal model at {point}: {power.power:.3f} ({power.low:.3f} to {power.high:.3f}), "
            f"{power.simulations} fits."
        )
    return "\n\n".join(lines) + "\n"
