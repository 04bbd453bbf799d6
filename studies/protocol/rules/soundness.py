"""What evidence says a study of explanations should have."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, listed, rule
from studies.protocol.schema import WITHOUT_MAP, Block


@rule
def soundness(inquiry: Inquiry) -> Iterator[Problem]:
    """What evidence says a study of explanations should have."""
    protocol, known = inquiry.protocol, inquiry.world.methods
    if protocol.blocks and not any(block.task.grounding == "application" for block in protocol.blocks):
        yield inquiry.warning(
            ("blocks",),
            "No block asks for a real decision: ratings alone did not predict how explanations change decisions "
            "(Bucinca 2020); add a block of diagnosis, reading or error detection.",
        )
    for path, block in inquiry.blocks():
        shows_output = any("ai" in step.shows for step in block.task.steps)
        if "ai" in block.task.aids and not shows_output and WITHOUT_MAP not in block.methods:
            yield inquiry.warning(
                (*path, "methods"),
                f"There is no arm '{WITHOUT_MAP}' (the image without a map): what readers foresee from the image alone "
                "would be credited to the map.",
            )
        if "ai" in block.task.aids and shows_output and WITHOUT_MAP not in block.methods:
            yield inquiry.warning(
                (*path, "methods"),
                f"There is no arm '{WITHOUT_MAP}' (the AI without a map): the effect of the AI's call would be "
                "credited to the map.",
            )
        rated = [known[label] for label in block.methods if label in known]
        if not block.task.diagnostic and rated and not any(facts.is_control for facts in rated):
            yield inquiry.warning(
                (*path, "methods"),
                "There is no control among the methods: whether readers tell a map from nonsense cannot be seen.",
            )
        if block.task.grounding == "application" and (blank := _without_truth(inquiry, block)):
            yield inquiry.warning(
                (*path, "finding"),
                f"The reference standard says nothing of '{block.finding}' for {listed(blank)}: their answers "
                "cannot be judged right or wrong.",
            )


def _without_truth(inquiry: Inquiry, block: Block) -> list[str]:
    chosen = inquiry.chosen[block.name]
    return [slug for slug in chosen if slug in inquiry.cases and inquiry.cases[slug].labels.get(block.finding) is None]
