"""Whether the plan of analysis names what exists."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.rules.base import Inquiry, rule


@rule
def power(inquiry: Inquiry) -> Iterator[Problem]:
    """The simulation of power names a block and methods that there are."""
    plan, blocks = inquiry.protocol.power, {block.name: block for block in inquiry.protocol.blocks}
    if plan.block and plan.block not in blocks:
        yield inquiry.error(
            ("power", "block"), f"There is no block called '{plan.block}'.{close_to(plan.block, blocks)}"
        )
        return
    known = {label for block in blocks.values() if plan.block in ("", block.name) for label in block.methods}
    for key, label in (("method", plan.method), ("against", plan.against)):
        if label and label not in known:
            yield inquiry.error(("power", key), f"'{label}' is no method of this study.{close_to(label, known)}")
    if plan.method and plan.method == plan.against:
        yield inquiry.error(("power", "against"), f"'{plan.method}' cannot be compared with itself.")


@rule
def analysis(inquiry: Inquiry) -> Iterator[Problem]:
    """The plan of analysis names what exists."""
    plan, world = inquiry.protocol.analysis, inquiry.world
    if world.analyses and plan.primary not in world.analyses:
        yield inquiry.error(
            ("analysis", "primary"),
            f"There is no analysis called '{plan.primary}'.{close_to(plan.primary, world.analyses)}",
        )
    for place, name in enumerate(plan.secondary):
        if world.analyses and name not in world.analyses:
            yield inquiry.error(
                ("analysis", "secondary", place),
                f"There is no analysis called '{name}'.{close_to(name, world.analyses)}",
            )
    for place, name in enumerate(plan.metrics):
        if world.metrics and name not in world.metrics:
            yield inquiry.error(
                ("analysis", "metrics", place), f"There is no metric called '{name}'.{close_to(name, world.metrics)}"
            )
    asked = {
        question.name for block in inquiry.protocol.blocks for step in block.task.steps for question in step.questions
    }
    if plan.outcome not in asked:
        yield inquiry.error(
            ("analysis", "outcome"), f"No task of this study asks for '{plan.outcome}'.{close_to(plan.outcome, asked)}"
        )
    used = {label for block in inquiry.protocol.blocks for label in block.methods}
    if plan.floor and plan.floor not in used:
        yield inquiry.error(
            ("analysis", "floor"), f"The floor '{plan.floor}' is no method of this study.{close_to(plan.floor, used)}"
        )
    elif plan.floor in world.methods and not world.methods[plan.floor].is_control:
        yield inquiry.error(("analysis", "floor"), f"The floor '{plan.floor}' is not a control.")
