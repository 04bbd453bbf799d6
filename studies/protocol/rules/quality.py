"""Whether the exclusions name quality checks that there are."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.rules.base import Inquiry, rule
from studies.quality import registry


@rule
def exclusions(inquiry: Inquiry) -> Iterator[Problem]:
    """Each exclusion is a quality check."""
    known = [check.name for check in registry]
    for place, name in enumerate(inquiry.protocol.analysis.exclusions):
        if name not in known:
            yield inquiry.error(
                ("analysis", "exclusions", place), f"There is no quality check called '{name}'.{close_to(name, known)}"
            )
