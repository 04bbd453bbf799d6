"""Asking for the power of a study's design, and reading it: light enough for the web; a worker simulates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.accounts.models import User
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from studies.errors import NotAllowed, StudyError
from studies.models import ProtocolVersion
from studies.protocol import Block, Protocol, from_document
from studies.protocol.schema import PowerPlan

FACTORS = (0.5, 1.0, 1.5, 2.0)


class NoPower(StudyError):
    """The power of this study cannot be simulated; the message says why."""


def request_power(*, version: ProtocolVersion, actor: User) -> Job:
    """Queue the simulation; it takes minutes."""
    if not actor.is_researcher:
        raise NotAllowed
    block_of_plan(from_document(version.document))
    payload = {"version_id": version.pk, "actor_id": actor.pk}
    return enqueue(kind="power", payload=payload, work_key=f"power:{version.pk}", requested_by=actor)


def block_of_plan(protocol: Protocol) -> Block:
    """The block that the plan names, or the first that asks for the analysed outcome and shows one map at a time."""
    fitting = [block for block in protocol.blocks if block.task.arms_per_trial == 1 and len(block.methods) > 1]
    if protocol.power.block:
        fitting = [block for block in fitting if block.name == protocol.power.block]
    asked = [block for block in fitting if _asks(block, protocol.analysis.outcome)] or fitting
    if not asked:
        raise NoPower("Power is simulated for blocks that show one map at a time and compare at least two methods.")
    return asked[0]


def compared(block: Block, plan: PowerPlan) -> tuple[str, str]:
    """The method whose effect is wanted, and the one that it is compared with."""
    against = plan.against or block.methods[0]
    method = plan.method or next(label for label in block.methods if label != against)
    for label in (method, against):
        if label not in block.methods:
            raise NoPower(f"'{label}' is no method of the block '{block.name}'.")
    if method == against:
        raise NoPower(f"'{method}' cannot be compared with itself.")
    return method, against


def cases_of(block: Block) -> int:
    """How many cases the block shows."""
    return len(block.cases.include) or block.cases.count or 0


def grid_of(protocol: Protocol, block: Block) -> list[tuple[int, int]]:
    """The points that the plan names, or half to twice as many readers and cases; the planned one among them."""
    planned, shown = protocol.readers.planned, cases_of(block)
    readers = {planned, *(protocol.power.readers or (max(2, round(planned * factor)) for factor in FACTORS))}
    cases = {shown, *(protocol.power.cases or (max(2, round(shown * factor)) for factor in FACTORS))}
    return [(each, count) for each in sorted(readers) for count in sorted(cases)]


def _asks(block: Block, outcome: str) -> bool:
    return any(question.name == outcome for step in block.task.steps for question in step.questions)


def table_of(result: dict[str, Any]) -> tuple[list[int], list[tuple[int, list[dict[str, Any]]]]]:
    """Numbers of cases as columns, and a row of points for each number of readers; the chosen point is marked."""
    points: Sequence[dict[str, Any]] = result["points"]
    columns = sorted({point["cases"] for point in points})
    rows = []
    for readers in sorted({point["readers"] for point in points}):
        own = {point["cases"]: point for point in points if point["readers"] == readers}
        rows.append((readers, [_marked(own[cases], result["chosen"]) for cases in columns]))
    return columns, rows


def _marked(point: dict[str, Any], chosen: list[int]) -> dict[str, Any]:
    percent = {name: round(100 * point[name]) for name in ("power", "low", "high") if point[name] is not None}
    return {**point, "percent": percent, "is_chosen": [point["readers"], point["cases"]] == chosen}
