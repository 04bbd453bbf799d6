"""What a protocol says of blinding: who may look behind the arms' letters, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

UnblindingRule = Literal["two-people", "one-person", "on-closing"]


@dataclass(frozen=True)
class Blinding:
    """How analysts come to know which method an arm is.

    `two-people`: one asks with a reason, another one confirms. `one-person`: one is enough. `on-closing`: closing the
    study tells the methods. Whichever it is, the act is on record and the report tells it.
    """

    unblinding: UnblindingRule = field(
        default="two-people", metadata={"help": "Who may look behind the arms' letters, and when."}
    )
