"""What a protocol says: frozen dataclasses that are its schema, its defaults and its documentation at once.

`metadata` of a field: `help`; `minimum`/`maximum` of numbers; `also` a second key that is read (for example `network`
for a list of one network); `pattern` what a text must look like, `longest` how many
characters it may have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from studies.designs.base import Design
from studies.protocol.blinding import Blinding
from studies.questionnaires.asked import Questionnaires
from studies.tasks.base import Task
from studies.words import Words

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
WITHOUT_MAP = "none"
"""The method that stands for: the AI's call, and no map."""

Language = Literal["en", "de"]
RunKindName = Literal["preview", "bot", "pilot", "live"]
Exclusion = Literal["too-fast", "incomplete"]


@dataclass(frozen=True)
class Consent:
    """What a reader agrees to before anything else."""

    version: str = field(metadata={"longest": 32})
    contact: str = field(metadata={"help": "Whom a reader may ask."})
    ethics: str = field(metadata={"help": "The ethics committee's number, or why none is needed."})
    text: Words


@dataclass(frozen=True)
class Readers:
    """How many readers are planned, and how long one sitting may last."""

    planned: int = field(default=12, metadata={"minimum": 1, "maximum": 10_000})
    session_minutes: int = field(default=40, metadata={"minimum": 1, "maximum": 480})


@dataclass(frozen=True)
class Presentation:
    """How every map is made fit for display, whatever its method."""

    mode: Literal["native", "harmonised"] = "native"
    sign: Literal["positive", "absolute", "signed"] = "positive"


@dataclass(frozen=True)
class CaseChoice:
    """Which cases a block shows: those named, or `count` drawn by the seed, evenly over `strata`."""

    count: int | None = field(default=None, metadata={"minimum": 1, "maximum": 10_000})
    include: tuple[str, ...] = ()
    reference: Literal["any", "present", "absent"] = field(
        default="any", metadata={"help": "Draw only cases with, or without, the finding."}
    )
    strata: tuple[str, ...] = field(
        default=("reference",), metadata={"help": "`reference`, or names of the cases' attributes."}
    )


@dataclass(frozen=True)
class Block:
    """A run of trials of one task."""

    name: str = field(metadata={"pattern": SLUG})
    task: Task
    networks: tuple[str, ...] = field(metadata={"also": "network"})
    methods: tuple[str, ...] = field(
        metadata={"longest": 64, "help": "Labels of explanations; `none` is the AI without a map."}
    )
    design: Design
    cases: CaseChoice
    finding: str = field(
        default="finding", metadata={"longest": 64, "help": "What is looked for; also names the reference standard."}
    )
    practice: tuple[str, ...] = field(
        default=(), metadata={"help": "Cases shown first, with feedback; never analysed."}
    )
    instructions: Words = Words()

    @property
    def arms(self) -> tuple[str, ...]:
        """Keys of the block's arms: `network/label`, networks slowest."""
        return tuple(f"{network}/{method}" for network in self.networks for method in self.methods)


@dataclass(frozen=True)
class AnalysisPlan:
    """What is analysed, fixed before the first answer."""

    primary: str = "usefulness-model"
    outcome: str = "coverage"
    metrics: tuple[str, ...] = field(default=(), metadata={"help": "Metrics set beside the ratings; empty for all."})
    floor: str = field(default="", metadata={"help": "The control that a method must be rated above."})
    exclusions: tuple[Exclusion, ...] = field(
        default=(), metadata={"help": "Flags whose responses a second analysis leaves out; nothing is deleted."}
    )
    run_kinds: tuple[RunKindName, ...] = ("live",)


@dataclass(frozen=True)
class Quality:
    """When an answer is flagged."""

    min_seconds: float = field(default=2.0, metadata={"minimum": 0, "maximum": 600})


@dataclass(frozen=True)
class Protocol:
    """A study as it was planned."""

    study: str = field(metadata={"pattern": SLUG, "help": "The study's short name."})
    title: str = field(metadata={"longest": 200})
    question: str = field(metadata={"help": "What the study asks."})
    seed: int = field(metadata={"minimum": 0, "maximum": 2**62})
    consent: Consent
    dataset: str
    blocks: tuple[Block, ...]
    languages: tuple[Language, ...] = ("en",)
    readers: Readers = Readers()
    washout_days: int = field(default=28, metadata={"minimum": 0, "maximum": 3650})
    presentation: Presentation = Presentation()
    analysis: AnalysisPlan = AnalysisPlan()
    quality: Quality = Quality()
    questionnaires: Questionnaires = Questionnaires()
    blinding: Blinding = Blinding()

    def block(self, name: str) -> Block:
        """The block of this name."""
        return next(block for block in self.blocks if block.name == name)
