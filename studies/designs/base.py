"""The base of all designs: a schedule without end, of which each reader follows one slot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Purpose = Literal["ordinary", "practice", "catch", "repeat", "foil"]


class DesignError(ValueError):
    """These cases and arms do not make a schedule of this design."""


@dataclass(frozen=True)
class Planned:
    """One trial: a case, and its arm; or two arms, the first one shown first (or left).

    `period` is the session of the design that it belongs to, from 1: between sessions lies the washout.
    """

    case: str
    arms: tuple[str, ...]
    period: int = 1
    purpose: Purpose = "ordinary"

    @property
    def key(self) -> frozenset[str]:
        """What is shown, either way round."""
        return frozenset(self.arms)


@dataclass(frozen=True)
class Limits:
    """At most `longest_run` trials of an arm in a row (None: any number); a case again after `apart` trials or more."""

    longest_run: int | None = 2
    apart: int = 1


class Design(ABC):
    """Assigns cases and arms to readers. Subclasses are frozen dataclasses; fields are parameters.

    Slots are 0, 1, 2, ...: one for each reader, balanced over consecutive slots (`period` says over how many).
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    pairs: ClassVar[bool] = False
    """Whether a trial compares two arms."""
    in_laps: ClassVar[bool] = False
    """Whether balance holds over laps of `period` slots counted from slot 0, instead of over any so many in a row."""
    needs_steps: ClassVar[bool] = False
    """Whether the task itself must ask before and after."""

    def assign(
        self, cases: Sequence[str], arms: Sequence[str], slot: int, seed: int, again: int = 0
    ) -> tuple[Planned, ...]:
        """One reader's trials in order; the same for the same arguments.

        `seed` is the block's own stream; `again` draws another order of the same trials. Raises DesignError for
        arguments that make no schedule.
        """
        self.check(cases, arms)
        if slot < 0:
            raise DesignError(f"Slots are counted from 0; there is no slot {slot}.")
        return self.draw(tuple(cases), tuple(arms), slot, seed, again)

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """DesignError where these cases and arms make no schedule."""
        if not cases:
            raise DesignError("A design needs at least one case.")
        fewest = self.arms_per_trial
        if len(arms) < fewest:
            raise DesignError(f"The design {self.name} needs at least {fewest} arm{'s' if fewest > 1 else ''}.")
        if len(set(cases)) != len(cases) or len(set(arms)) != len(arms):
            raise DesignError("A design names each case and each arm once.")

    def limits(self, cases: int, arms: int) -> Limits:
        """What every order of this design keeps."""
        return Limits(None, 1)

    def periods(self, arms: int) -> int:
        """How many sessions a reader has, a washout apart."""
        return 1

    @property
    def arms_per_trial(self) -> int:
        """How many arms a trial shows together."""
        return 2 if self.pairs else 1

    @abstractmethod
    def repeats_cases(self, arms: int) -> bool:
        """Whether a reader sees a case in more than one arm within a session."""

    @abstractmethod
    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """The trials of a slot, of checked arguments."""

    @abstractmethod
    def period(self, arms: int) -> int:
        """Over how many consecutive slots every case meets every arm (or ordered pair) equally often."""

    @abstractmethod
    def length(self, cases: int, arms: int) -> int:
        """How many trials a reader has; over all slots on average, where slots differ."""
