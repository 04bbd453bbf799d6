"""Whether cases can be drawn by what the model did, and whether readers can meet its mistakes."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.cases import fitting
from studies.protocol.outcomes import CORRECT, OUTCOMES, WRONG, counted, named_shares, outcome_of, quotas
from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, rule
from studies.protocol.schema import Block, Shares
from studies.protocol.source import Path

FEWEST_PERCENT, MOST_PERCENT = 40, 90
WORDS = {CORRECT: "on which the AI is right", WRONG: "on which the AI is wrong"}


@rule
def shares(inquiry: Inquiry) -> Iterator[Problem]:
    """Shares add up, speak of one network, and there are cases enough."""
    for path, block in inquiry.blocks():
        wanted, where = block.cases.shares, (*path, "cases", "shares")
        if wanted is None:
            continue
        told = list(_sums(inquiry, where, wanted))
        if len(block.networks) > 1:
            told.append(inquiry.error(where, "Shares are of what one network calls; this block has several."))
        if block.cases.include and inquiry.lines.of(*where) is not None and block.cases.count is None:
            told.append(inquiry.error(where, "The cases are named; shares are of cases that are drawn."))
        yield from told
        if not told and block.networks and block.cases.count:
            yield from _enough(inquiry, where, block, wanted)


@rule
def mistakes(inquiry: Inquiry) -> Iterator[Problem]:
    """Where readers decide with the AI, it should be wrong often enough to see whether they notice."""
    for path, block in inquiry.blocks():
        for network in block.networks if block.task.diagnostic else ():
            found = counted(block, network, inquiry.chosen[block.name], inquiry.cases)
            known = sum(found[outcome] for outcome in OUTCOMES)
            right = sum(found[outcome] for outcome in CORRECT)
            if known and not FEWEST_PERCENT <= 100 * right / known <= MOST_PERCENT:
                yield inquiry.warning(
                    (*path, "cases"),
                    f"'{network}' is right on {right} of {known} cases: whether readers follow it when they should "
                    "not, or do not when they should, can hardly be seen; fix a share ('shares: {correct: 60}').",
                )


def _sums(inquiry: Inquiry, where: Path, wanted: Shares) -> Iterator[Problem]:
    named = named_shares(wanted)
    if wanted.correct is not None and named:
        yield inquiry.error(where, "Give either 'correct' or the outcomes, not both.")
    if wanted.correct is None and not named:
        yield inquiry.error(where, "Name at least one share.")
    total = sum(named.values())
    if total > 100 or (len(named) == len(OUTCOMES) and abs(total - 100) > 1e-9):
        yield inquiry.error(where, f"The shares add up to {total:g} per cent, not to 100.")


def _enough(inquiry: Inquiry, where: Path, block: Block, wanted: Shares) -> Iterator[Problem]:
    free = [case for case in inquiry.cases.values() if fitting(block, case)]
    for outcomes, count in quotas(wanted, block.cases.count or 0):
        there = sum(outcome_of(case, block.finding, block.networks[0]) in outcomes for case in free)
        if there < count:
            what = WORDS.get(outcomes, f"that are {' or '.join(sorted(outcomes))}")
            yield inquiry.error(where, f"{count} cases {what} are asked for, but there are only {there} approved ones.")
