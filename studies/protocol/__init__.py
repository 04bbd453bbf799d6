"""The protocol: YAML in, frozen dataclasses, a normalised document and its hash out."""

from __future__ import annotations

from studies.protocol.cases import Chosen, chosen_cases, drawn_cases, settled
from studies.protocol.document import Difference, diff, document_of, hash_of
from studies.protocol.problems import Problem, Unreadable
from studies.protocol.reading import Attempt, Lines, attempt_to_read, from_document, read
from studies.protocol.rules import check, errors
from studies.protocol.schedule import schedule
from studies.protocol.schema import UNAIDED, WITHOUT_MAP, Block, Protocol
from studies.protocol.world import Call, CaseFacts, MethodFacts, World
from studies.words import Words

__all__ = [
    "UNAIDED",
    "WITHOUT_MAP",
    "Attempt",
    "Block",
    "Call",
    "CaseFacts",
    "Chosen",
    "Difference",
    "Lines",
    "MethodFacts",
    "Problem",
    "Protocol",
    "Unreadable",
    "Words",
    "World",
    "attempt_to_read",
    "check",
    "chosen_cases",
    "diff",
    "document_of",
    "drawn_cases",
    "errors",
    "from_document",
    "hash_of",
    "read",
    "schedule",
    "settled",
]
