"""Whether readers get used to the task before their answers count."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, rule

USUAL = (5, 8)
LONG = 30
"""Trials from which on practice is worth its time."""


@rule
def practice(inquiry: Inquiry) -> Iterator[Problem]:
    """A study of some length begins with five to eight practice trials."""
    given = [(path, len(block.practice)) for path, block in inquiry.blocks()]
    total = sum(count for _path, count in given)
    trials = sum(
        block.design.length(len(inquiry.chosen[block.name]), len(block.arms))
        for _path, block in inquiry.blocks()
        if inquiry.chosen[block.name] and block.arms
    )
    if trials >= LONG and total < USUAL[0] and given:
        yield inquiry.warning(
            (*given[0][0], "practice"),
            f"Only {total} practice trials for {trials} that count; {USUAL[0]} to {USUAL[1]} are usual.",
        )
