"""Whether the altered images of a counterfactual simulation are there."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, listed, rule
from studies.tasks.counterfactual_simulation import CounterfactualSimulation


@rule
def alterations(inquiry: Inquiry) -> Iterator[Problem]:
    """The network was run on the altered image of every case: its answer is the right one."""
    tell = inquiry.error if inquiry.stage == "lock" else inquiry.warning
    for path, block in inquiry.blocks():
        if not isinstance(block.task, CounterfactualSimulation):
            continue
        fill = block.task.fill
        shown = dict.fromkeys((*inquiry.chosen[block.name], *block.practice))
        for network in block.networks:
            there = inquiry.world.alterations
            missing = [slug for slug in shown if slug in inquiry.cases and (network, fill, slug) not in there]
            if missing:
                yield tell(
                    (*path, "task"),
                    f"No altered image ({fill}) by network '{network}' for {listed(missing)}; make them with "
                    f"'manage.py alter --model {network} --dataset {inquiry.protocol.dataset} --fill {fill}'.",
                )
