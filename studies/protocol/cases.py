"""Which cases each block shows: those it names, or some drawn by the seed, evenly over strata."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from foundation.seeds import derive
from studies.protocol.outcomes import Outcome, outcome_of, quotas, size_bounds, stratum
from studies.protocol.schema import Block, Inserted, Protocol
from studies.protocol.world import CaseFacts

Cases = Mapping[str, CaseFacts]


@dataclass(frozen=True)
class Chosen:
    """The cases of a block, and those of the trials put among its own, by purpose."""

    own: tuple[str, ...]
    inserted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def all(self) -> tuple[str, ...]:
        """Every case, once."""
        return tuple(dict.fromkeys([*self.own, *(slug for slugs in self.inserted.values() for slug in slugs)]))


def drawn_cases(protocol: Protocol, cases: Cases) -> dict[str, Chosen]:
    """Block name to cases, in the protocol's order; fewer than were asked for where there are not enough.

    A diagnostic block draws no case that an earlier block has shown, for its readers would know it; what is put among
    a block's trials shows cases that the block does not show otherwise.
    """
    chosen: dict[str, Chosen] = {}
    seen: set[str] = set()
    for block in protocol.blocks:
        barred = set(block.practice) | (seen if block.task.diagnostic else set())
        barred |= {slug for _purpose, inserted in block.inserted for slug in inserted.cases}
        own = block.cases.include or _drawn(block, cases, barred, protocol.seed)
        inserted: dict[str, tuple[str, ...]] = {}
        for purpose, wanted in block.inserted:
            taken = barred | {*own, *(slug for slugs in inserted.values() for slug in slugs)}
            inserted[purpose] = wanted.cases or _others(block, wanted, cases, taken, protocol.seed, purpose)
        chosen[block.name] = Chosen(own, inserted)
        seen |= {*chosen[block.name].all, *block.practice}
    return chosen


def chosen_cases(protocol: Protocol, cases: Cases) -> dict[str, tuple[str, ...]]:
    """Block name to the cases of its own trials."""
    return {name: chosen.own for name, chosen in drawn_cases(protocol, cases).items()}


def settled(protocol: Protocol, cases: Cases) -> Protocol:
    """The protocol with every drawn case named, so that it says by itself what readers are shown."""
    chosen = drawn_cases(protocol, cases)
    return replace(protocol, blocks=tuple(settled_block(block, chosen[block.name]) for block in protocol.blocks))


def settled_block(block: Block, chosen: Chosen) -> Block:
    """The block with its cases named."""

    def named(wanted: Inserted | None, purpose: str) -> Inserted | None:
        cases = chosen.inserted.get(purpose, ())
        return replace(wanted, cases=cases, count=len(cases)) if wanted else None

    return replace(
        block,
        cases=replace(block.cases, include=chosen.own, count=len(chosen.own)),
        catch=named(block.catch, "catch"),
        foils=named(block.foils, "foil"),
    )


def fitting(block: Block, case: CaseFacts) -> bool:
    """Whether a block may draw this case."""
    wanted = {"any": (0, 1, None), "present": (1,), "absent": (0,)}[block.cases.reference]
    return case.is_approved and case.labels.get(block.finding) in wanted


def _drawn(block: Block, cases: Cases, barred: Collection[str], seed: int) -> tuple[str, ...]:
    """`count` cases; with shares, so many of each outcome of the block's first network."""
    free = {slug: case for slug, case in cases.items() if slug not in barred and fitting(block, case)}
    bounds = size_bounds(block.finding, cases.values())
    count = block.cases.count or 0
    if block.cases.shares is None:
        return tuple(sorted(_evenly(block, free, bounds, count, derive(seed, "cases", block.name))))
    found: list[str] = []
    for number, (outcomes, wanted) in enumerate(quotas(block.cases.shares, count)):
        own = {slug: case for slug, case in free.items() if _outcome(block, case) in outcomes}
        found += _evenly(block, own, bounds, wanted, derive(seed, "cases", block.name, number))
    return tuple(sorted(found))


def _evenly(block: Block, cases: Cases, bounds: tuple[float, float], count: int, seed: int) -> list[str]:
    """One case from each stratum in turn, until there are enough."""
    strata: dict[tuple[str, ...], list[str]] = {}
    for slug in sorted(cases):
        strata.setdefault(stratum(block, cases[slug], bounds), []).append(slug)
    rng = Random(seed)
    piles = [strata[key] for key in sorted(strata)]
    for pile in piles:
        rng.shuffle(pile)
    rng.shuffle(piles)
    drawn: list[str] = []
    while any(piles) and len(drawn) < count:
        drawn += [pile.pop() for pile in piles if pile][: count - len(drawn)]
    return drawn


def _others(
    block: Block, wanted: Inserted, cases: Cases, barred: Collection[str], seed: int, purpose: str
) -> tuple[str, ...]:
    free = sorted(slug for slug, case in cases.items() if slug not in barred and fitting(block, case))
    Random(derive(seed, "cases", block.name, purpose)).shuffle(free)
    return tuple(sorted(free[: wanted.count]))


def _outcome(block: Block, case: CaseFacts) -> Outcome:
    return outcome_of(case, block.finding, block.networks[0]) if block.networks else "unknown"
