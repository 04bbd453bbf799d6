"""What a task needs to know of a case in an arm, prepared when a study is locked and kept beside the stimulus.

A task names its `needs`; each is one function here or in a module of its own, under `@prepares`. What it gives is plain
data, frozen with the stimuli under their hash. Readers see of it what the task's scene shows, when it shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from portal.catalog.models import Image
from portal.explanations.models import Explanation
from studies.protocol import Block, Protocol

Facts = dict[str, Any]


@dataclass(frozen=True)
class Material:
    """What there is to prepare from: a block's case in one arm (an empty `network` for the image alone)."""

    protocol: Protocol
    block: Block
    network: str
    label: str
    image: Image
    explanation: Explanation | None


Preparer = Callable[[Material], Facts]
PREPARERS: dict[str, Preparer] = {}


def prepares(need: str) -> Callable[[Preparer], Preparer]:
    """Make a function the one that prepares this need."""

    def register(preparer: Preparer) -> Preparer:
        PREPARERS[need] = preparer
        return preparer

    return register


def shown_in(block: Block) -> Iterator[tuple[str, str]]:
    """Each (arm's key, case) that a block's readers may be shown."""
    for arm in block.arms:
        for case in (*block.cases.include, *block.practice):
            yield arm, case
    for _purpose, inserted in block.inserted:
        beside = block.arms if block.task.arms_per_trial > 1 else ()
        added = [f"{network}/{label}" for network in block.networks for label in inserted.methods]
        for arm in (*added, *beside):
            for case in inserted.cases:
                yield arm, case


def facts_for(
    protocol: Protocol, key: tuple[str, str], image: Image, explanation: Explanation | None
) -> dict[str, Facts]:
    """By block, what its task needs of this case in this arm; blocks whose tasks need nothing are left out."""
    found: dict[str, Facts] = {}
    for block in protocol.blocks:
        if block.task.needs and ("/".join(key), image.case.slug) in set(shown_in(block)):
            found[block.name] = _facts(Material(protocol, block, *key, image, explanation))
    return found


def _facts(material: Material) -> Facts:
    facts: Facts = {}
    for need in sorted(material.block.task.needs):
        facts |= PREPARERS[need](material)
    return facts
