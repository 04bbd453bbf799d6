"""What is put among a block's trials: repeats, catch trials and foils."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from studies.designs import DesignError
from studies.protocol.cases import settled_block
from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.rules.base import Inquiry, listed, rule
from studies.protocol.rules.cases import named_cases
from studies.protocol.schedule import block_trials
from studies.protocol.schema import WITHOUT_MAP, Block, Inserted
from studies.protocol.source import Path

MOST_TRIALS = 2000
"""Orders are drawn on trial for so many trials of a block at most."""
KEYS = {"catch": "catch", "foil": "foils"}


@rule
def inserted(inquiry: Inquiry) -> Iterator[Problem]:
    """Maps and cases of catch trials and foils are there, and none of the block's own."""
    for path, block in inquiry.blocks():
        for purpose, wanted in block.inserted:
            where = (*path, KEYS[purpose])
            yield from _methods(inquiry, where, block, wanted)
            yield from named_cases(inquiry, (*where, "cases"), wanted.cases)
            own = {*inquiry.chosen[block.name], *block.practice}
            for place, slug in enumerate(wanted.cases):
                if slug in own:
                    yield inquiry.error((*where, "cases", place), f"The block shows the case '{slug}' already.")
            found = inquiry.drawn[block.name].inserted[purpose]
            if not wanted.cases and len(found) < wanted.count and inquiry.cases:
                yield inquiry.error(
                    where,
                    f"{wanted.count} more cases are asked for, but only {len(found)} fitting ones are not shown yet.",
                )
            yield from _maps(inquiry, where, block, wanted, found)


@rule
def fits(inquiry: Inquiry) -> Iterator[Problem]:
    """Repeats find their places: the first slots are drawn on trial."""
    for path, block in inquiry.blocks():
        cases = tuple(dict.fromkeys(inquiry.chosen[block.name]))
        if block.repeats is None or not cases or not block.arms:
            continue
        settled = settled_block(block, replace(inquiry.drawn[block.name], own=cases))
        length = max(1, block.design.length(len(cases), len(block.arms)))
        try:
            block.design.check(cases, block.arms)
        except DesignError:
            continue  # the design's own rule says so
        try:
            for slot in range(min(inquiry.protocol.readers.planned, max(1, MOST_TRIALS // length))):
                block_trials(inquiry.protocol, "", settled, slot)
        except DesignError as error:
            yield inquiry.error((*path, "repeats"), str(error))


def _methods(inquiry: Inquiry, where: Path, block: Block, wanted: Inserted) -> Iterator[Problem]:
    known = inquiry.world.methods
    if not wanted.methods:
        yield inquiry.error((*where, "methods"), "Say which maps these trials show.")
    for place, label in enumerate(wanted.methods):
        at = (*where, "methods", place)
        if label in block.methods:
            yield inquiry.error(at, f"'{label}' is a method of the block: its trials could not be told apart later.")
        elif label == WITHOUT_MAP:
            yield inquiry.error(at, "A trial that is put among the others needs a map.")
        elif known and label not in known:
            yield inquiry.error(at, f"There is no method called '{label}'.{close_to(label, known)}")
        elif known and known[label].truth_derived and block.task.diagnostic:
            yield inquiry.error(
                at, f"'{label}' is made of the reference standard and would give the answer away in {block.task.name}."
            )


def _maps(inquiry: Inquiry, where: Path, block: Block, wanted: Inserted, cases: tuple[str, ...]) -> Iterator[Problem]:
    tell = inquiry.error if inquiry.stage == "lock" else inquiry.warning
    world = inquiry.world
    shown = [slug for slug in cases if slug in inquiry.cases]
    beside = block.methods if block.task.arms_per_trial == 2 else ()
    for network in (slug for slug in block.networks if slug in world.networks):
        for label in (label for label in (*wanted.methods, *beside) if label in world.methods):
            missing = [slug for slug in shown if (network, label, slug) not in world.explanations]
            if missing:
                yield tell((*where, "methods"), f"No map '{label}' of network '{network}' for {listed(missing)}.")
        asks = any("ai" in step.shows for step in block.task.steps)
        silent = [slug for slug in shown if asks and (network, slug) not in world.predictions]
        if silent:
            yield tell(where, f"No prediction of network '{network}' for {listed(silent)}.")
