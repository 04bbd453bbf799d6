"""The power of a study's very design: its schedule at several numbers of readers and cases, simulated and analysed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd
from django.db import transaction

from evaluation.statistics.power import power
from evaluation.statistics.power_grid import power_grid
from foundation.seeds import derive
from portal.accounts.models import User
from portal.audit.services import record
from portal.jobs.registry import Progress
from studies.models import PowerEstimate, ProtocolVersion
from studies.protocol import Block, Protocol, from_document
from studies.services.ask_power import block_of_plan, cases_of, compared, grid_of
from studies.versions import written_hash

REFERENCE = " "
"""Stands before the label that others are compared with, so that it sorts first."""


def estimate_power(*, version: ProtocolVersion, progress: Progress, actor: User | None = None) -> PowerEstimate:
    """Simulate every point of the grid and keep the result with the protocol's hash."""
    protocol = from_document(version.document)
    block = block_of_plan(protocol)
    plan = protocol.power
    points = grid_of(protocol, block)
    rows = []
    for done, (readers, cases) in enumerate(points):
        progress(done, len(points), f"{readers} readers, {cases} cases")
        rows.append(_point(protocol, block, readers, cases))
    progress(len(points), len(points), "")
    result = {
        "block": block.name,
        "design": block.design.name,
        "model": "mrmc" if block.task.diagnostic else "clmm",
        "plan": asdict(plan) | {"method": compared(block, plan)[0], "against": compared(block, plan)[1]},
        "points": rows,
        "chosen": [protocol.readers.planned, cases_of(block)],
    }
    return _kept(version, result, actor)


def layout_of(protocol: Protocol, block: Block, readers: int, cases: int) -> pd.DataFrame:
    """A row for each planned rating of the design: columns `rater case method truth`; DesignError where it has none."""
    names = [f"case-{number:05}" for number in range(cases)]
    _method, against = compared(block, protocol.power)
    seed = derive(protocol.seed, "power", block.name)
    rows = []
    for slot in range(readers):
        for trial in block.design.assign(names, block.arms, slot, seed):
            network, label = trial.arms[0].split("/", 1)
            method = f"{REFERENCE}{label}" if label == against else label
            rows.append((f"reader-{slot}", f"{trial.case}/{network}", method, int(trial.case[-1]) % 2))
    return pd.DataFrame(rows, columns=["rater", "case", "method", "truth"])


def _point(protocol: Protocol, block: Block, readers: int, cases: int) -> dict[str, Any]:
    point: dict[str, Any] = {"readers": readers, "cases": cases, "power": None, "low": None, "high": None, "why": ""}
    try:
        layout = layout_of(protocol, block, readers, cases)
        found = _simulated(protocol, block, layout, readers, cases)
    except ValueError as error:  # a design, or a model, that such numbers are too few for
        return point | {"why": str(error)}
    return point | found | {"ratings": len(layout)}


def _simulated(protocol: Protocol, block: Block, layout: pd.DataFrame, readers: int, cases: int) -> dict[str, float]:
    plan = protocol.power
    method, _against = compared(block, plan)
    effects = {f"method[{method}]": plan.effect}
    seed = derive(protocol.seed, "power", readers, cases) % 2**32
    if block.task.diagnostic:
        terms = {"rater": plan.rater, "case": plan.case, "rater:method": plan.interaction}
        made = power(layout, model="mrmc", effects=effects, variances=terms, simulations=plan.simulations, seed=seed)
        return {"power": made.power, "low": made.low, "high": made.high}
    terms = {"rater": plan.rater, "case": plan.case, "rater:method": plan.interaction}
    grid = power_grid(
        readers=[readers],
        cases=[cases],
        effects=effects,
        variances=terms,
        layout=lambda _readers, _cases: layout,
        simulations=plan.simulations,
        seed=seed,
    )
    return {name: float(grid.table.iloc[0][name]) for name in ("power", "low", "high")}


@transaction.atomic
def _kept(version: ProtocolVersion, result: dict[str, Any], actor: User | None) -> PowerEstimate:
    kept = PowerEstimate.objects.create(
        version=version, protocol_hash=written_hash(version), result=result, created_by=actor
    )
    record(actor=actor, action="power.estimated", subject=version, hash=version.hash)
    return kept
