"""Which cases each block shows: those it names, or some drawn by the seed, evenly over strata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from foundation.seeds import derive
from studies.protocol.schema import Block, Protocol
from studies.protocol.world import CaseFacts

Cases = Mapping[str, CaseFacts]


def chosen_cases(protocol: Protocol, cases: Cases) -> dict[str, tuple[str, ...]]:
    """Block name to cases, in the protocol's order; fewer than were asked for where there are not enough.

    A diagnostic block draws no case that an earlier block has shown, for its readers would know it.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for block in protocol.blocks:
        if block.cases.include:
            chosen[block.name] = block.cases.include
        else:
            barred = set(block.practice) | (seen if block.task.diagnostic else set())
            chosen[block.name] = _drawn(
                block, {slug: cases[slug] for slug in cases if slug not in barred}, protocol.seed
            )
        seen |= {*chosen[block.name], *block.practice}
    return chosen


def settled(protocol: Protocol, cases: Cases) -> Protocol:
    """The protocol with every drawn case named, so that it says by itself what readers are shown."""
    chosen = chosen_cases(protocol, cases)
    blocks = tuple(
        replace(block, cases=replace(block.cases, include=chosen[block.name], count=len(chosen[block.name])))
        for block in protocol.blocks
    )
    return replace(protocol, blocks=blocks)


def fitting(block: Block, case: CaseFacts) -> bool:
    """Whether a block may draw this case."""
    wanted = {"any": (0, 1, None), "present": (1,), "absent": (0,)}[block.cases.reference]
    return case.is_approved and case.labels.get(block.finding) in wanted


def _drawn(block: Block, cases: Cases, seed: int) -> tuple[str, ...]:
    strata: dict[tuple[str, ...], list[str]] = {}
    for slug in sorted(cases):
        if fitting(block, cases[slug]):
            strata.setdefault(_stratum(block, cases[slug]), []).append(slug)
    rng = Random(derive(seed, "cases", block.name))
    piles = [strata[key] for key in sorted(strata)]
    for pile in piles:
        rng.shuffle(pile)
    rng.shuffle(piles)
    drawn: list[str] = []
    while any(piles) and len(drawn) < (block.cases.count or 0):
        drawn += [pile.pop() for pile in piles if pile][: (block.cases.count or 0) - len(drawn)]
    return tuple(sorted(drawn))


def _stratum(block: Block, case: CaseFacts) -> tuple[str, ...]:
    facts = {**case.attributes, "reference": case.labels.get(block.finding)}
    return tuple(str(facts.get(name)) for name in block.cases.strata)
