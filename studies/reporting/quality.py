"""The report's section on quality: every check's flags, and the primary analysis with and without what they mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from evaluation.analyses.result import AnalysisResult, figure
from studies.models import ProtocolVersion
from studies.quality import registry
from studies.reporting import blocks
from studies.reporting.blocks import Block
from studies.reporting.document import Examined
from studies.reporting.readings import Judged, judged

Again = Callable[[Examined, "pd.Series[str]"], AnalysisResult]
AS_PLANNED, WITH_ALL, WITHOUT_FLAGGED = "as preregistered", "nothing left out", "all flagged left out"
FEWEST = 10
"""Rows below which no analysis is run again."""


def quality_blocks(
    version: ProtocolVersion,
    run_kinds: Sequence[str],
    table: pd.DataFrame,
    examined: Sequence[Examined],
    again: Again,
) -> Iterator[Block]:
    """What was flagged, what of it was left out by the protocol, and what the primary analysis says otherwise."""
    found = judged(version, run_kinds)
    planned = tuple(version.document["analysis"].get("exclusions", ()))
    out = int((table["excluded_by"] != "").sum())
    rule = f"The protocol leaves out: {', '.join(planned)}." if planned else "The protocol leaves nothing out."
    yield blocks.text(
        "Checks flag answers and readers by thresholds that the protocol fixed before the first answer; nothing is "
        f"deleted. {rule} That takes {out} of {len(table)} answers out of the analyses."
    )
    yield blocks.table("Quality checks", _checks(found, planned), prose=True)
    primary = next((each for each in examined if each.is_primary), None)
    if primary is not None:
        yield from _sensitivity(table, primary, again)


def _checks(found: Judged, planned: Sequence[str]) -> pd.DataFrame:
    rows = []
    for check in registry:
        flags = found.flagged.by_check[check.name].to_numpy(dtype=bool)
        rows.append(
            {
                "Check": check.title,
                "name": check.name,
                "trials flagged": int(flags.sum()),
                "readers": int(found.readings.loc[flags, "reader"].nunique()),
                "leaves out": "yes" if check.name in planned else "no",
            }
        )
    return pd.DataFrame(rows).set_index("Check")


def _sensitivity(table: pd.DataFrame, primary: Examined, again: Again) -> Iterator[Block]:
    """The primary analysis under other exclusions, where they change which answers count."""
    planned = table["excluded_by"].fillna("")
    others = {WITH_ALL: pd.Series("", index=table.index), WITHOUT_FLAGGED: table["flags"].fillna("")}
    results = {AS_PLANNED: primary.result}
    for name, excluded in others.items():
        same = next((known for known in results if (_of(known, planned, others) == (excluded == "")).all()), None)
        if same is not None:
            results[name] = results[same]
        elif int((excluded == "").sum()) >= FEWEST:
            results[name] = again(primary, excluded)
    if all(result is primary.result for result in results.values()):
        yield blocks.text("No exclusion changes which answers the primary analysis counts.", "quiet")
        return
    shown = _side_by_side(results)
    if len(shown):
        yield blocks.table("The primary analysis with and without flagged answers", shown, prose=True)
    for name in (WITH_ALL, WITHOUT_FLAGGED):
        if name not in results:
            yield blocks.text(f"With {name}, too few answers are left to analyse.", "warning")
        elif _claims(results[name]) != _claims(primary.result):
            yield blocks.text(f"With {name}, the findings of the primary analysis change.", "warning")


def _of(name: str, planned: pd.Series[str], others: dict[str, pd.Series[str]]) -> pd.Series[bool]:
    """Which rows count in a variant."""
    return (planned if name == AS_PLANNED else others[name]) == ""


def _side_by_side(results: dict[str, AnalysisResult]) -> pd.DataFrame:
    rows: dict[str, dict[str, str]] = {}
    for name, result in results.items():
        for test in result.tests:
            interval = f"{figure(test.estimate)} ({figure(test.low)} to {figure(test.high)})"
            rows.setdefault(test.measure, {})[name] = interval
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.name = "Comparison"
    return frame.reindex(columns=[name for name in results if name in frame])


def _claims(result: AnalysisResult) -> set[tuple[str, bool]]:
    return {(finding.measure, finding.estimate > finding.null) for finding in result.findings}
