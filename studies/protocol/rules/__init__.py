"""Checking a protocol against what there is, and against what a sound study needs: one module a group of rules.

A new group is a new module here with functions under `@rule`; no list is edited.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from studies.protocol.cases import drawn_cases
from studies.protocol.problems import Problem
from studies.protocol.rules.base import RULES, Inquiry, Stage, rule
from studies.protocol.schema import Protocol
from studies.protocol.source import Lines
from studies.protocol.world import World

__all__ = ["Inquiry", "Stage", "check", "errors", "rule"]

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")


def check(protocol: Protocol, world: World, lines: Lines | None = None, stage: Stage = "draft") -> list[Problem]:
    """Everything that is wrong (`error`) or doubtful (`warning`), in the order of the lines.

    `lines` as `read` gives them. Missing maps and predictions are a warning for a draft, which may be written before
    they are computed, and an error for a study that is to be locked.
    """
    cases = world.datasets.get(protocol.dataset, {})
    inquiry = Inquiry(protocol, world, lines or Lines(), stage, cases, drawn_cases(protocol, cases))
    found = [problem for find in RULES for problem in find(inquiry)]
    return sorted(found, key=lambda problem: (problem.line or 0, problem.level))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """The mistakes among them."""
    return [problem for problem in problems if problem.level == "error"]
