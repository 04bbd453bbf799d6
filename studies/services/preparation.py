"""What a task needs to know of a case in an arm, prepared when a study is locked and kept beside the stimulus.

A task names its `needs`; each is one function here or in a module of its own, under `@prepares`. What it gives is plain
data, frozen with the stimuli under their hash. Readers see of it what the task's scene shows, when it shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from portal.catalog.models import Image
from portal.explanations.models import Explanation, Prediction
from portal.storage import get_array, put_array
from studies.errors import StudyError
from studies.protocol import Block, Protocol
from studies.tasks.segmentation_review import MODEL_MASK

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


class NoMask(StudyError):
    """There is no mask of a network for a case: it is no segmenter, or has not been run."""


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


@prepares("model-mask")
def model_mask(material: Material) -> Facts:
    """The newest mask that the network drew, as bytes of 0 and 255, one a pixel of the image; NoMask without one."""
    image = material.image
    drawn = Prediction.objects.filter(network__slug=material.network, image=image).exclude(mask="")
    said = drawn.order_by("-id").first()
    if said is None:
        raise NoMask(
            f"The network '{material.network}' has drawn no mask of the case '{image.case.slug}'; a block of "
            f"{material.block.task.name} needs a segmenter's predictions."
        )
    mask = get_array(said.mask).astype(bool).reshape(image.rows, image.columns)
    return {MODEL_MASK: put_array((mask * 255).astype(np.uint8))}
