"""A reader's whole order, drawn from the protocol, its hash and a slot: the same for the same three, to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from foundation.seeds import derive
from studies.designs import Planned
from studies.designs.insertion import with_inserted
from studies.designs.order import shuffled
from studies.protocol.schema import Block, Protocol

Scheduled = tuple[Block, Planned]


def schedule(protocol: Protocol, protocol_hash: str, slot: int) -> list[Scheduled]:
    """Each trial of a slot with its block: sessions in their order, blocks as the protocol has them within each."""
    found = [
        (block, planned) for block in protocol.blocks for planned in block_trials(protocol, protocol_hash, block, slot)
    ]
    return sorted(found, key=lambda pair: pair[1].period)


def block_trials(protocol: Protocol, protocol_hash: str, block: Block, slot: int) -> list[Planned]:
    """One block's trials, practice first; `block.cases.include` names its cases."""
    seed = derive(protocol.seed, protocol_hash, block.name)
    trials = [*_practice(block, seed, slot), *_analysed(block, seed, slot)]
    return [replace(trial, period=trial.period + block.session - 1) for trial in trials]


def _practice(block: Block, seed: int, slot: int) -> Iterator[Planned]:
    arms = shuffled(block.arms, seed, "practice")
    for number, case in enumerate(block.practice):
        first = number + slot
        shown = tuple(arms[(first + step) % len(arms)] for step in range(block.task.arms_per_trial))
        yield Planned(case, shown, purpose="practice")


def _analysed(block: Block, seed: int, slot: int) -> tuple[Planned, ...]:
    cases, arms = block.cases.include, block.arms
    return with_inserted(
        lambda again: block.design.assign(cases, arms, slot, seed, again),
        block.repeats,
        list(_inserted(block, seed, slot)),
        block.design.limits(len(cases), len(arms)),
        slot,
        seed,
    )


def _inserted(block: Block, seed: int, slot: int) -> Iterator[Planned]:
    """Each case with another of the maps from reader to reader; beside an arm of the block where two are compared."""
    for purpose, wanted in block.inserted:
        labels = [f"{network}/{method}" for network in block.networks for method in wanted.methods]
        rng = Random(derive(seed, purpose, slot))
        for number, case in enumerate(wanted.cases):
            shown = [labels[(number + slot) % len(labels)]]
            if block.task.arms_per_trial > 1:
                rest = [arm for arm in block.arms if arm not in shown]
                shown += rng.sample(rest, block.task.arms_per_trial - 1)
                rng.shuffle(shown)
            yield Planned(case, tuple(shown), purpose=purpose)
