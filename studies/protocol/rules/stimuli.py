"""Whether what readers would be shown is there."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, listed, rule


@rule
def maps(inquiry: Inquiry) -> Iterator[Problem]:
    """Every map and every prediction that a reader would be shown is there."""
    tell = inquiry.error if inquiry.stage == "lock" else inquiry.warning
    world = inquiry.world
    for path, block in inquiry.blocks():
        shown = tuple(dict.fromkeys((*inquiry.chosen[block.name], *block.practice)))
        shown = tuple(slug for slug in shown if slug in inquiry.cases)
        for network in (slug for slug in block.networks if slug in world.networks):
            for place, label in enumerate(block.methods):
                if label not in world.methods:
                    continue
                missing = [slug for slug in shown if (network, label, slug) not in world.explanations]
                if missing:
                    yield tell(
                        (*path, "methods", place), f"No map '{label}' of network '{network}' for {listed(missing)}."
                    )
            asks = block.task.about_output or any("ai" in step.shows for step in block.task.steps)
            silent = [slug for slug in shown if asks and (network, slug) not in world.predictions]
            if silent:
                yield tell(
                    (*path, inquiry.network_key(path)), f"No prediction of network '{network}' for {listed(silent)}."
                )
