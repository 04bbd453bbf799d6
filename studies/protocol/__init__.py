"""The protocol: YAML in, frozen dataclasses, a normalised document and its hash out."""

from __future__ import annotations

from studies.protocol.check import check
from studies.protocol.document import document_of, hash_of
from studies.protocol.problems import Problem, Unreadable
from studies.protocol.read import Lines, from_document, read
from studies.protocol.schema import WITHOUT_MAP, Block, Protocol, Words
from studies.protocol.world import CaseFacts, MethodFacts, World

__all__ = [
    "WITHOUT_MAP",
    "Block",
    "CaseFacts",
    "Lines",
    "MethodFacts",
    "Problem",
    "Protocol",
    "Unreadable",
    "Words",
    "World",
    "check",
    "document_of",
    "from_document",
    "hash_of",
    "read",
]
