"""Which region of a segmentation a map explains, as plain data; without torch, so that forms and plans can check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from portal.explanations.errors import WrongRegion

Kind = Literal["predicted", "component", "boundary", "false-positive", "false-negative"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: The number that a kind of region may have after a colon, and what it is if none is given.
NUMBERS: dict[Kind, tuple[str, int]] = {"component": ("rank", 1), "boundary": ("width", 2)}
LARGEST_NUMBER = 1000


@dataclass(frozen=True)
class Region:
    """What is predicted, its `rank`-th largest connected part, a band around its outline, or one kind of its errors.

    The band takes `width` pixels on either side. A false-positive region is predicted and is not in the reference
    mask; a false-negative one is in the mask and is not predicted. `number` is the rank or the width, else None.
    """

    kind: Kind = "predicted"
    number: int | None = None

    @classmethod
    def read(cls, given: object) -> Region:
        """From a text, `boundary:3`, or from what `described` gives; WrongRegion in one sentence."""
        if isinstance(given, dict):
            return cls._from_data(given)
        kind, colon, number = str(given).strip().partition(":")
        return cls._checked(kind, number if colon else None)

    @classmethod
    def _from_data(cls, data: dict[str, Any]) -> Region:
        kind = str(data.get("kind", ""))
        name = NUMBERS.get(kind, ("", 0))[0]  # type: ignore[call-overload]
        unknown = sorted(set(data) - {"kind", name})
        if unknown:
            raise WrongRegion(f"A region of kind {kind!r} has no {unknown[0]!r}.")
        return cls._checked(kind, data.get(name))

    @classmethod
    def _checked(cls, kind: str, number: object) -> Region:
        for known in KINDS:
            if known != kind:
                continue
            if known not in NUMBERS:
                if number is not None:
                    raise WrongRegion(f"The region {kind!r} takes no number.")
                return cls(known)
            name, usual = NUMBERS[known]
            return cls(known, usual if number is None else _whole(number, kind, name))
        raise WrongRegion(f"A region is one of {', '.join(KINDS)}, not {kind!r}.")

    @property
    def described(self) -> dict[str, Any]:
        """As a run keeps it: `{"kind": "boundary", "width": 3}`."""
        return {"kind": self.kind} | self.numbers

    @property
    def numbers(self) -> dict[str, int]:
        """The rank or the width by its name."""
        return {} if self.number is None else {NUMBERS[self.kind][0]: self.number}

    @property
    def needs_truth(self) -> bool:
        """Whether the reference mask decides the region."""
        return self.kind in ("false-positive", "false-negative")

    def __str__(self) -> str:
        return self.kind if self.number is None else f"{self.kind}:{self.number}"


#: All that is predicted: what maps of a segmenter explain unless told.
PREDICTED = Region()


def _whole(given: object, kind: str, name: str) -> int:
    try:
        number = int(str(given))
    except ValueError:
        number = 0
    if not 1 <= number <= LARGEST_NUMBER:
        raise WrongRegion(f"The {name} of a {kind} region is a whole number from 1 to {LARGEST_NUMBER}, not {given!r}.")
    return number
