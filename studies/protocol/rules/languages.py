"""Whether readers find every text in their language."""

from __future__ import annotations

from collections.abc import Iterator

from studies.protocol.problems import Problem
from studies.protocol.rules.base import Inquiry, rule
from studies.protocol.source import Path
from studies.words import Words


@rule
def languages(inquiry: Inquiry) -> Iterator[Problem]:
    """What readers read is there in each language of the study."""
    protocol = inquiry.protocol
    texts: list[tuple[Path, str, Words]] = [(("consent", "text"), "The consent", protocol.consent.text)]
    texts += [
        ((*path, "instructions"), f"The instructions of '{block.name}'", block.instructions)
        for path, block in inquiry.blocks()
    ]
    if not protocol.consent.text.in_language("en"):
        yield inquiry.error(("consent", "text"), "The consent has no text.")
    for path, called, words in texts:
        missing = [language for language in protocol.languages if language not in words.as_dict()]
        if words.by_language and missing:
            yield inquiry.warning(path, f"{called} has no text in: {', '.join(missing)}.")
