"""Whether cases and arms make a schedule that a reader may follow."""

from __future__ import annotations

from collections.abc import Iterator

from studies.designs import DesignError
from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, listed, rule
from studies.protocol.schema import Block
from studies.protocol.source import Path


@rule
def design(inquiry: Inquiry) -> Iterator[Problem]:
    """The design suits the task, and cases and arms make a schedule."""
    for path, block in inquiry.blocks():
        if block.design.arms_per_trial != block.task.arms_per_trial:
            count = {1: "one arm", 2: "two arms", 3: "three arms", 4: "four arms"}[block.task.arms_per_trial]
            yield inquiry.error(
                (*path, "design"), f"A trial of {block.task.name} shows {count}; {block.design.name} plans otherwise."
            )
            continue
        if block.design.needs_steps and len(block.task.steps) < 2:
            yield inquiry.error(
                (*path, "design"),
                f"The design {block.design.name} needs a task that asks before and after; {block.task.name} asks once.",
            )
        arms = tuple(dict.fromkeys(block.arms))
        chosen = tuple(dict.fromkeys(inquiry.chosen[block.name]))
        if arms and chosen:
            try:
                block.design.check(chosen, arms)
            except DesignError as error:
                yield inquiry.error((*path, "design"), str(error))
                continue
        if inquiry.protocol.readers.planned < block.design.period(len(arms) or 1):
            yield inquiry.warning(
                (*path, "design"),
                f"{inquiry.protocol.readers.planned} readers are planned, but {block.design.name} over {len(arms)} "
                f"arms is balanced over {block.design.period(len(arms))}.",
            )


@rule
def washout(inquiry: Inquiry) -> Iterator[Problem]:
    """No reader judges a case that they have seen in another condition before the washout is over."""
    seen: dict[tuple[str, int], str] = {}
    days = inquiry.protocol.washout_days
    tell = inquiry.error if days else inquiry.warning
    for path, block in inquiry.blocks():
        chosen = inquiry.drawn[block.name].all
        if block.task.diagnostic and block.design.repeats_cases(len(block.arms)):
            yield tell(
                (*path, "design"),
                f"With {block.design.name} a reader would judge the same case in more than one condition within the "
                f"washout of {days} days; use a design that shows each case once, or crossover.",
            )
        known = [slug for slug in chosen if any((slug, session) in seen for session in block.sessions)]
        if block.task.diagnostic and known:
            first = next(seen[known[0], session] for session in block.sessions if (known[0], session) in seen)
            yield tell(
                (*path, "cases"),
                f"A reader would have seen {listed(known)} in the block '{first}' already, within the "
                f"washout of {days} days; a {block.task.name} block needs cases not seen before.",
            )
        yield from _gap(inquiry, path, block)
        for slug in (*block.practice, *chosen):
            for session in block.sessions:
                seen.setdefault((slug, session), block.name)


@rule
def sessions(inquiry: Inquiry) -> Iterator[Problem]:
    """Gaps can be kept, and sessions follow one another."""
    protocol = inquiry.protocol
    most, least = protocol.sessions.max_gap_days, protocol.min_gap_days
    used = {session for block in protocol.blocks for session in block.sessions}
    if most is not None and most < least:
        yield inquiry.error(
            ("sessions", "max_gap_days"),
            f"A session would open {least} days after the one before and close after {most}: nobody could read it.",
        )
    for path, block in inquiry.blocks():
        missing = [session for session in range(1, block.session) if session not in used]
        if missing:
            yield inquiry.error(
                (*path, "session"), f"This block is in session {block.session}, but nothing is in session {missing[0]}."
            )


def _gap(inquiry: Inquiry, path: Path, block: Block) -> Iterator[Problem]:
    """A diagnostic block that shows cases again in a later session needs the washout between sessions."""
    gap, days = inquiry.protocol.min_gap_days, inquiry.protocol.washout_days
    if block.task.diagnostic and block.design.periods(len(block.arms)) > 1 and gap < days:
        yield inquiry.error(
            ("sessions", "min_gap_days"),
            f"With {block.design.name} the block '{block.name}' shows a case in another condition after {gap} days; "
            f"the washout is {days} days.",
        )
