"""The protocol's key `questionnaires`: which of them are asked where, and what a study says of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from studies.words import Words

NAME = r"[a-z0-9]+(-[a-z0-9]+)*"


@dataclass(frozen=True)
class CheckQuestion:
    """One question of a comprehension check, with its answers; `right` counts them from 1."""

    prompt: Words
    options: tuple[Words, ...]
    right: int = field(metadata={"minimum": 1, "maximum": 9})
    why: Words = field(default=Words(), metadata={"help": "Shown to a reader who chose another answer."})


@dataclass(frozen=True)
class Asked:
    """One questionnaire at one place of the study; all but `name` has a default that suits it."""

    name: str = field(metadata={"pattern": NAME, "help": "An instrument, or one of our own questionnaires."})
    blocks: tuple[str, ...] = field(default=(), metadata={"help": "After which blocks; empty for after each."})
    items: tuple[Words, ...] = field(
        default=(), metadata={"help": "The wording of a scale's items, in their published order."}
    )
    low: Words = field(default=Words(), metadata={"help": "What a scale's lowest answer is called."})
    high: Words = field(default=Words(), metadata={"help": "What a scale's highest answer is called."})
    wording: str = field(default="", metadata={"longest": 300, "help": "Where the items' wording comes from."})
    order: Literal["default", "published", "shuffled"] = field(
        default="default", metadata={"help": "The items' order; by default what the instrument says."}
    )
    weights: Literal["none", "pairs"] = field(
        default="none", metadata={"help": "nasa-tlx: `pairs` asks the fifteen comparisons as well."}
    )
    questions: tuple[CheckQuestion, ...] = field(
        default=(), metadata={"help": "comprehension: the study's own questions; empty for ours."}
    )
    needed: int | None = field(
        default=None, metadata={"minimum": 1, "maximum": 50, "help": "comprehension: right answers needed; all."}
    )
    attempts: int = field(default=3, metadata={"minimum": 1, "maximum": 20, "help": "comprehension: how often."})
    on_failure: Literal["flag", "end"] = field(
        default="flag", metadata={"help": "comprehension: go on with a flag, or end the reader's part politely."}
    )


@dataclass(frozen=True)
class Questionnaires:
    """Before the first image, after blocks, and after the last image."""

    start: tuple[Asked, ...] = ()
    after_block: tuple[Asked, ...] = ()
    end: tuple[Asked, ...] = ()
    smallest_cell: int = field(
        default=5,
        metadata={"minimum": 1, "maximum": 100, "help": "An export names a profile's value for no fewer readers."},
    )
