"""What a protocol says: frozen dataclasses that are its schema, its defaults and its documentation at once.

`metadata` of a field: `help`; `minimum`/`maximum` of numbers; `also` a second key that is read (for example `network`
for a list of one network); `pattern` what a text must look like, `longest` how many
characters it may have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from studies.designs.base import Design
from studies.designs.insertion import Repeats
from studies.protocol.blinding import Blinding
from studies.quality.limits import Quality
from studies.questionnaires.asked import Questionnaires
from studies.tasks.base import Task
from studies.words import Words

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
WITHOUT_MAP = "none"
"""The method that stands for: the AI's call, and no map."""
UNAIDED = "unaided"
"""The method that stands for: the image alone, nothing of the AI."""

Language = Literal["en", "de"]
RunKindName = Literal["preview", "bot", "pilot", "live"]
WithdrawalChoice = Literal["keep", "delete"]
WITHDRAWAL: tuple[WithdrawalChoice, ...] = ("keep", "delete")


@dataclass(frozen=True)
class Consent:
    """What a reader agrees to before anything else."""

    version: str = field(metadata={"longest": 32})
    contact: str = field(metadata={"help": "Whom a reader may ask."})
    ethics: str = field(metadata={"help": "The ethics committee's number, or why none is needed."})
    text: Words
    withdrawal: tuple[WithdrawalChoice, ...] = field(
        default=WITHDRAWAL, metadata={"help": "What may become of a leaving reader's answers, as the text says."}
    )


@dataclass(frozen=True)
class Readers:
    """How many readers are planned, and how long one sitting may last."""

    planned: int = field(default=12, metadata={"minimum": 1, "maximum": 10_000})
    session_minutes: int = field(default=40, metadata={"minimum": 1, "maximum": 480})
    stale_days: int | None = field(
        default=None,
        metadata={
            "minimum": 1,
            "maximum": 3650,
            "help": "After so many days without an answer a reader's slot is given to the next reader.",
        },
    )


@dataclass(frozen=True)
class Sessions:
    """When a reader may read: gaps between the design's sessions, and how much may be read at a stretch."""

    min_gap_days: int | None = field(
        default=None,
        metadata={"minimum": 0, "maximum": 3650, "help": "Between sessions of the design; the washout by default."},
    )
    max_gap_days: int | None = field(
        default=None,
        metadata={"minimum": 1, "maximum": 3650, "help": "After so many days the next session is closed."},
    )
    trials: int | None = field(
        default=None, metadata={"minimum": 1, "maximum": 10_000, "help": "After so many trials a break is due."}
    )
    break_minutes: int = field(
        default=0, metadata={"minimum": 0, "maximum": 1440, "help": "How long a break lasts at least; 0: a click."}
    )
    remind_days: int | None = field(
        default=None,
        metadata={"minimum": 1, "maximum": 365, "help": "After so many days without an answer a reader is reminded."},
    )
    closing_days: int = field(
        default=3, metadata={"minimum": 1, "maximum": 365, "help": "So long before a session closes, too."}
    )


@dataclass(frozen=True)
class Presentation:
    """How every map is made fit for display, whatever its method."""

    mode: Literal["native", "harmonised"] = "native"
    sign: Literal["positive", "absolute", "signed"] = "positive"


SHARE = {"minimum": 0, "maximum": 100}


@dataclass(frozen=True)
class Shares:
    """How many of a block's cases the AI calls right or wrong, in per cent; outcomes not named share the rest."""

    correct: float | None = field(default=None, metadata={**SHARE, "help": "Cases on which the AI is right."})
    true_positive: float | None = field(default=None, metadata=SHARE)
    false_positive: float | None = field(default=None, metadata=SHARE)
    true_negative: float | None = field(default=None, metadata=SHARE)
    false_negative: float | None = field(default=None, metadata=SHARE)


@dataclass(frozen=True)
class CaseChoice:
    """Which cases a block shows: those named, or `count` drawn by the seed, evenly over `strata`."""

    count: int | None = field(default=None, metadata={"minimum": 1, "maximum": 10_000})
    include: tuple[str, ...] = ()
    reference: Literal["any", "present", "absent"] = field(
        default="any", metadata={"help": "Draw only cases with, or without, the finding."}
    )
    strata: tuple[str, ...] = field(
        default=("reference",),
        metadata={"help": "`reference`, `outcome`, `confidence`, `size`, or names of the cases' attributes."},
    )
    shares: Shares | None = None


@dataclass(frozen=True)
class Inserted:
    """Trials put among a block's own, which readers cannot tell from them: these maps, of cases not shown otherwise."""

    methods: tuple[str, ...] = field(metadata={"longest": 64, "help": "Labels of explanations; none of the block's."})
    count: int = field(default=2, metadata={"minimum": 1, "maximum": 1000})
    cases: tuple[str, ...] = field(default=(), metadata={"help": "Drawn by the seed where none are named."})


@dataclass(frozen=True)
class Block:
    """A run of trials of one task."""

    name: str = field(metadata={"pattern": SLUG})
    task: Task
    networks: tuple[str, ...] = field(metadata={"also": "network"})
    methods: tuple[str, ...] = field(
        metadata={
            "longest": 64,
            "help": "Labels of explanations; `none` is the AI without a map, `unaided` the image alone.",
        }
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
    session: int = field(
        default=1, metadata={"minimum": 1, "maximum": 100, "help": "In which session it is read, or begins."}
    )
    repeats: Repeats | None = None
    catch: Inserted | None = field(
        default=None, metadata={"help": "Trials with an answer that is known, to see whether readers attend."}
    )
    foils: Inserted | None = field(
        default=None, metadata={"help": "Maps that belong to nothing, so that readers do not take every map for true."}
    )

    @property
    def arms(self) -> tuple[str, ...]:
        """Keys of the block's arms: `network/label`, networks slowest; the image alone is one arm, of no network."""
        alone = tuple(f"/{UNAIDED}" for method in self.methods if method == UNAIDED)
        aided = [method for method in self.methods if method != UNAIDED]
        return alone + tuple(f"{network}/{method}" for network in self.networks for method in aided)

    @property
    def inserted(self) -> tuple[tuple[Literal["catch", "foil"], Inserted], ...]:
        """What is put among its trials, by purpose."""
        found: list[tuple[Literal["catch", "foil"], Inserted]] = []
        found += [("catch", self.catch)] if self.catch else []
        found += [("foil", self.foils)] if self.foils else []
        return tuple(found)

    @property
    def sessions(self) -> range:
        """The sessions that a reader has trials of this block in."""
        later = self.repeats is not None and self.repeats.session == "next"
        return range(self.session, self.session + self.design.periods(len(self.arms)) + later)


@dataclass(frozen=True)
class AnalysisPlan:
    """What is analysed, fixed before the first answer."""

    primary: str = "usefulness-model"
    secondary: tuple[str, ...] = field(
        default=(), metadata={"help": "Analyses that are planned as well; all others are exploratory."}
    )
    outcome: str = "coverage"
    metrics: tuple[str, ...] = field(default=(), metadata={"help": "Metrics set beside the ratings; empty for all."})
    floor: str = field(default="", metadata={"help": "The control that a method must be rated above."})
    exclusions: tuple[str, ...] = field(
        default=(),
        metadata={"help": "Quality checks whose flags leave an answer out of analyses; nothing is deleted."},
    )
    run_kinds: tuple[RunKindName, ...] = ("live",)


@dataclass(frozen=True)
class PowerPlan:
    """What the simulation of power assumes: an effect on the latent scale, and variances on the same scale."""

    effect: float = field(
        default=0.5, metadata={"help": "How far the two methods lie apart.", "minimum": -10, "maximum": 10}
    )
    method: str = field(
        default="", metadata={"help": "The method that is compared; by default the second of the block."}
    )
    against: str = field(default="", metadata={"help": "What it is compared with; by default the first method."})
    block: str = field(default="", metadata={"help": "By default the first that asks for the outcome."})
    rater: float = field(default=0.5, metadata={"minimum": 0, "maximum": 100})
    case: float = field(default=0.5, metadata={"minimum": 0, "maximum": 100})
    interaction: float = field(default=0.1, metadata={"minimum": 0, "maximum": 100, "help": "Of readers by methods."})
    readers: tuple[int, ...] = field(default=(), metadata={"minimum": 2, "maximum": 500})
    cases: tuple[int, ...] = field(default=(), metadata={"minimum": 2, "maximum": 2000})
    simulations: int = field(default=200, metadata={"minimum": 10, "maximum": 5000})


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
    sessions: Sessions = Sessions()
    washout_days: int = field(default=28, metadata={"minimum": 0, "maximum": 3650})
    presentation: Presentation = Presentation()
    analysis: AnalysisPlan = AnalysisPlan()
    power: PowerPlan = PowerPlan()
    quality: Quality = Quality()
    questionnaires: Questionnaires = Questionnaires()
    blinding: Blinding = Blinding()

    @property
    def min_gap_days(self) -> int:
        """How many days lie between two sessions of the design."""
        return self.washout_days if self.sessions.min_gap_days is None else self.sessions.min_gap_days

    def block(self, name: str) -> Block:
        """The block of this name."""
        return next(block for block in self.blocks if block.name == name)
