"""Which methods a block may compare."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.rules.base import Inquiry, rule, second
from studies.protocol.schema import UNAIDED, WITHOUT_MAP


@rule
def methods(inquiry: Inquiry) -> Iterator[Problem]:
    """Each method is known, named once, and fit for the block's task."""
    known = inquiry.world.methods
    if not known:
        yield inquiry.error(("blocks",), "No methods are known yet; run 'manage.py sync_parts' first.")
        return
    for path, block in inquiry.blocks():
        if not block.methods:
            yield inquiry.error((*path, "methods"), "A block needs at least one method.")
        for place in second(block.methods):
            yield inquiry.error((*path, "methods", place), f"The method '{block.methods[place]}' is named twice.")
        for place, label in enumerate(block.methods):
            where = (*path, "methods", place)
            if label == WITHOUT_MAP:
                if "ai" not in block.task.aids:
                    yield inquiry.error(where, f"The task {block.task.name} needs a map; '{WITHOUT_MAP}' has none.")
            elif label == UNAIDED:
                if "unaided" not in block.task.aids:
                    yield inquiry.error(where, f"The task {block.task.name} asks about the AI; '{UNAIDED}' has none.")
            elif "explained" not in block.task.aids:
                yield inquiry.error(where, f"The task {block.task.name} shows no map; leave out '{label}'.")
            elif label not in known:
                yield inquiry.error(where, f"There is no method called '{label}'.{close_to(label, known)}")
            elif known[label].truth_derived and block.task.diagnostic:
                yield inquiry.error(
                    where,
                    f"The control '{label}' is made of the reference standard and would give the answer away in a "
                    f"{block.task.name} task; use it in rating and preference tasks.",
                )
