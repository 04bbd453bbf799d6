"""What a protocol may name: plain facts of the installation, so that checking needs no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class MethodFacts:
    """What is known of a label of explanations: its title, and whether it is a control or made of the truth."""

    title: str = ""
    is_control: bool = False
    truth_derived: bool = False


@dataclass(frozen=True)
class Call:
    """What a network says of a case: 1 for present, and the probability of that."""

    advice: int
    probability: float = 1.0


@dataclass(frozen=True)
class CaseFacts:
    """A case: its approval, the label of each finding (1 for present), its attributes, and what networks call it.

    `sizes`: pixels of each finding's reference region, where the protocol asks for them.
    """

    approval: str = "approved"
    labels: Mapping[str, int | None] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, Call] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_approved(self) -> bool:
        """A reader may see it."""
        return self.approval == "approved"


@dataclass(frozen=True)
class World:
    """Everything a protocol is checked against.

    `explanations` are (network, label, case) of the maps there are, `predictions` (network, case). Empty `metrics` or
    `analyses` mean that the installation has not written down its parts yet.
    """

    methods: Mapping[str, MethodFacts] = field(default_factory=dict)
    metrics: frozenset[str] = frozenset()
    analyses: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    datasets: Mapping[str, Mapping[str, CaseFacts]] = field(default_factory=dict)
    explanations: frozenset[tuple[str, str, str]] = frozenset()
    predictions: frozenset[tuple[str, str]] = frozenset()
    alterations: frozenset[tuple[str, str, str]] = frozenset()
    """(network, fill, case) of the altered images that there are."""
