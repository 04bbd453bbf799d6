"""All comparisons that a report made, in two families: the primary analysis's, and the exploratory rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.statistics import families
from studies.reporting import blocks
from studies.reporting.blocks import Block

if TYPE_CHECKING:
    from studies.reporting.document import Examined

MOST_SHOWN = 20  # of each family
COLUMNS = ["analysis", "comparison", "estimate", "low", "high", "p", "primary"]


def comparisons(examined: Iterable[Examined]) -> pd.DataFrame:
    """One row a comparison: its analysis, interval and p, its family, and what the family's adjustment leaves of it."""
    rows = [
        (each.key, test.measure, test.estimate, test.low, test.high, test.p, each.is_primary)
        for each in examined
        for test in each.result.tests
    ]
    return families(pd.DataFrame(rows, columns=COLUMNS), p="p", primary="primary")


def doubts(made: pd.DataFrame) -> dict[tuple[str, str], str]:
    """What to add to a claim, by analysis and comparison, where its family's adjustment does not bear it out."""
    counts = made.groupby("family")["p"].count()
    weak = made[made["p"].notna() & ~made["holds"]]
    return {
        (str(row["analysis"]), str(row["comparison"])): (
            f"Among all {counts[row['family']]} {row['family']} comparisons it does not hold "
            f"({row['adjustment']}, p = {row['p_adjusted']:.2g})."
        )
        for row in weak.to_dict("records")
    }


def comparison_blocks(made: pd.DataFrame) -> list[Block]:
    """The section: how many comparisons were made, how many hold, and the strongest of them."""
    if made.empty:
        return []
    body = [blocks.text(sentence) for sentence in _sentences(made)]
    known = made[made["p"].notna()].sort_values(["primary", "p_adjusted"], ascending=[False, True], kind="stable")
    shown = known.groupby("family", sort=False).head(MOST_SHOWN)
    columns = ["analysis", "comparison", "estimate", "low", "high", "p", "family", "p_adjusted", "holds"]
    body.append(blocks.table("Comparisons, strongest first", _plain(shown[columns]), prose=True))
    if len(known) > len(shown):
        body.append(blocks.text(f"{len(known) - len(shown)} weaker ones stand in report.json.", "quiet"))
    return body


def _sentences(made: pd.DataFrame) -> Iterable[str]:
    for family, part in made.groupby("family", sort=False):
        known = int(part["p"].notna().sum())
        method = part["adjustment"].iloc[0]
        yield f"{str(family).capitalize()}: {known} comparisons, {int(part['holds'].sum())} hold after {method}."
    yield (
        "Exploratory comparisons are questions for another study, whatever their p. Where a comparison has no test of "
        "its own, p is recovered from its interval by the normal approximation."
    )


def _plain(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.assign(holds=shown["holds"].map({True: "yes", False: "no"})).set_index("analysis")
