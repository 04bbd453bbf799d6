"""Which cases a block shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studies.protocol.cases import fitting
from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.rules.base import Inquiry, rule, second
from studies.protocol.schema import Block
from studies.protocol.source import Path


@rule
def cases(inquiry: Inquiry) -> Iterator[Problem]:
    """The cases that a block names exist, are approved, and are named once; those it draws are enough."""
    if inquiry.protocol.dataset not in inquiry.world.datasets:
        return
    for path, block in inquiry.blocks():
        choice = block.cases
        yield from named_cases(inquiry, (*path, "practice"), block.practice)
        if choice.include:
            where = (*path, "cases", "include")
            where = where if where in inquiry.lines.at else (*path, "cases")
            yield from named_cases(inquiry, where, choice.include)
            if choice.count not in (None, len(choice.include)):
                yield inquiry.error(
                    (*path, "cases", "count"), "Either name the cases or say how many to draw, not both."
                )
        elif choice.count is None:
            yield inquiry.error((*path, "cases"), "Say which cases to show: 'count' of them, or a list to 'include'.")
        elif len(inquiry.chosen[block.name]) < choice.count:
            yield inquiry.error((*path, "cases"), _too_few(inquiry, block, choice.count))
        for place, slug in enumerate(block.practice):
            if slug in inquiry.chosen[block.name]:
                yield inquiry.error((*path, "practice", place), f"The case '{slug}' is both practice and analysed.")


def named_cases(inquiry: Inquiry, path: Path, slugs: Sequence[str]) -> Iterator[Problem]:
    """Cases that are named exist, are approved, and are named once."""
    for place in second(slugs):
        yield inquiry.error((*path, place), f"The case '{slugs[place]}' is named twice.")
    for place, slug in enumerate(slugs):
        if slug not in inquiry.cases:
            yield inquiry.error(
                (*path, place),
                f"There is no case called '{slug}' in '{inquiry.protocol.dataset}'.{close_to(slug, inquiry.cases)}",
            )
        elif not inquiry.cases[slug].is_approved:
            state = {"quarantined": "in quarantine"}.get(inquiry.cases[slug].approval, inquiry.cases[slug].approval)
            yield inquiry.error(
                (*path, place), f"The case '{slug}' is {state}: no reader may see it until a person approves it."
            )


def _too_few(inquiry: Inquiry, block: Block, count: int) -> str:
    which = "" if block.cases.reference == "any" else f" with {block.finding} {block.cases.reference}"
    free = len(inquiry.chosen[block.name])
    fit = sum(fitting(block, case) for case in inquiry.cases.values())
    taken = f", {fit - free} of them already shown or kept for practice" if fit > free else ""
    return f"{count} cases are asked for, but there are only {fit} approved ones{which}{taken}."
