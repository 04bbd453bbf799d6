"""Names: of blocks, the dataset, networks and languages."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.rules.base import Inquiry, rule, second


@rule
def names(inquiry: Inquiry) -> Iterator[Problem]:
    """There are blocks and languages, and each block's name is its own."""
    protocol = inquiry.protocol
    if not protocol.blocks:
        yield inquiry.error(("blocks",), "A study needs at least one block.")
    if not protocol.languages:
        yield inquiry.error(("languages",), "A study needs at least one language.")
    for place in second([block.name for block in protocol.blocks]):
        yield inquiry.error(("blocks", place, "name"), f"Two blocks are called '{protocol.blocks[place].name}'.")


@rule
def dataset(inquiry: Inquiry) -> Iterator[Problem]:
    """The dataset exists."""
    slug, known = inquiry.protocol.dataset, inquiry.world.datasets
    if slug not in known:
        yield inquiry.error(("dataset",), f"There is no dataset called '{slug}'.{close_to(slug, known)}")


@rule
def networks(inquiry: Inquiry) -> Iterator[Problem]:
    """Each block names networks that exist, once."""
    known = inquiry.world.networks
    for path, block in inquiry.blocks():
        key = inquiry.network_key(path)
        if not block.networks:
            yield inquiry.error((*path, key), "A block needs at least one network.")
        for place in second(block.networks):
            yield inquiry.error((*path, key, place), f"The network '{block.networks[place]}' is named twice.")
        for place, slug in enumerate(block.networks):
            if slug not in known:
                yield inquiry.error((*path, key, place), f"There is no network called '{slug}'.{close_to(slug, known)}")
