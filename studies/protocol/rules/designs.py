"""Whether cases and arms make a schedule that a reader may follow."""

from __future__ import annotations

from collections.abc import Iterator

from studies.designs import DesignError
from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, listed, rule


@rule
def design(inquiry: Inquiry) -> Iterator[Problem]:
    """The design suits the task, and cases and arms make a schedule."""
    for path, block in inquiry.blocks():
        if block.design.pairs != (block.task.arms_per_trial == 2):
            wanted = "two arms" if block.task.arms_per_trial == 2 else "one arm"
            yield inquiry.error(
                (*path, "design"), f"A trial of {block.task.name} shows {wanted}; {block.design.name} plans otherwise."
            )
            continue
        arms = tuple(dict.fromkeys(block.arms))
        chosen = tuple(dict.fromkeys(inquiry.chosen[block.name]))
        if arms and chosen:
            try:
                block.design.check(chosen, arms)
            except DesignError as error:
                yield inquiry.error((*path, "design"), str(error))
        if inquiry.protocol.readers.planned < block.design.period(len(arms) or 1):
            yield inquiry.warning(
                (*path, "design"),
                f"{inquiry.protocol.readers.planned} readers are planned, but {block.design.name} over {len(arms)} "
                f"arms is balanced over {block.design.period(len(arms))}.",
            )


@rule
def washout(inquiry: Inquiry) -> Iterator[Problem]:
    """No reader judges a case that they have seen in another condition before the washout is over."""
    seen: dict[str, str] = {}
    days = inquiry.protocol.washout_days
    tell = inquiry.error if days else inquiry.warning
    for path, block in inquiry.blocks():
        chosen = inquiry.chosen[block.name]
        if block.task.diagnostic and block.design.repeats_cases(len(block.arms)):
            yield tell(
                (*path, "design"),
                f"With {block.design.name} a reader would judge the same case in more than one condition within the "
                f"washout of {days} days; use a design that shows each case once.",
            )
        known = [slug for slug in chosen if slug in seen]
        if block.task.diagnostic and known:
            yield tell(
                (*path, "cases"),
                f"A reader would have seen {listed(known)} in the block '{seen[known[0]]}' already, within the "
                f"washout of {days} days; a {block.task.name} block needs cases not seen before.",
            )
        for slug in (*block.practice, *chosen):
            seen.setdefault(slug, block.name)
