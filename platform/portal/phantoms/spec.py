"""What a phantom is drawn from: a seed, a finding on a ladder of difficulty, and a side marker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PHANTOM_TITLE = "Synthetic phantom, not a patient"
PHANTOM_NOTES = (
    "A computed chest radiograph with known truth, drawn from a seed. It shows no person, "
    "its anatomy is simplified, and it must not be used to judge performance on patients."
)
FIELD_OF_VIEW_MM = 400.0
HIGHEST = 4095  # 12 bit

Split = Literal["aligned", "conflicting", "absent"]
SPLITS: tuple[Split, ...] = ("aligned", "conflicting", "absent")

Finding = Literal["nodule", "effusion", "pneumothorax", "cardiomegaly"]
FINDINGS: tuple[Finding, ...] = ("nodule", "effusion", "pneumothorax", "cardiomegaly")

Photometric = Literal["MONOCHROME1", "MONOCHROME2"]

Bits = NDArray[np.bool_]
Range = tuple[float, float]


class PhantomError(ValueError):
    """A phantom cannot be drawn from this description."""


@dataclass(frozen=True)
class Level:
    """A step of the ladder: the nodule's radius (share of the image's width) and peak attenuation (nepers)."""

    title: str
    radius: tuple[float, float]
    contrast: tuple[float, float]


# From what nobody misses to what most readers miss. Attenuation of 0.17 is a centimetre of water.
LADDER: tuple[Level, ...] = (
    Level("obvious", (0.036, 0.046), (0.54, 0.66)),
    Level("clear", (0.031, 0.039), (0.42, 0.54)),
    Level("moderate", (0.027, 0.034), (0.33, 0.42)),
    Level("subtle", (0.023, 0.030), (0.25, 0.33)),
    Level("barely visible", (0.020, 0.026), (0.17, 0.25)),
)


@dataclass(frozen=True)
class PhantomSpec:
    """Everything a phantom depends on besides its size in pixels.

    `level` is 1 (obvious) to 5 (barely visible), or None for a phantom without a finding; `finding` says which one
    the level is of, and means nothing without a level. `tag` adds the confounder,
    a lead "PORTABLE" under the side marker; `letter` is the "L" at the patient's left. Anatomy depends on `seed`
    alone; the finding's place and shape, the lead's place and the noise on `seed` and `variant`, so that two specs
    that share both are an exact counterfactual pair. Another `variant` is another exposure of the same anatomy.
    `strength` weakens the level's attenuation (an enlarged heart's excess over the normal limit), for cases harder than
    the ladder.
    """

    seed: int
    level: int | None = None
    tag: bool = False
    letter: bool = True
    split: Split = "absent"
    variant: int = 0
    strength: float = 1.0
    finding: Finding = "nodule"

    def __post_init__(self) -> None:
        if self.level is not None and not 1 <= self.level <= len(LADDER):
            raise PhantomError(f"There is no level {self.level}; levels go from 1 to {len(LADDER)}.")
        if not 0 < self.strength <= 1:
            raise PhantomError(f"A strength of {self.strength} is not above 0 and at most 1.")
        if self.split not in SPLITS:
            raise PhantomError(f"There is no split {self.split!r}; there are {', '.join(SPLITS)}.")
        if self.finding not in FINDINGS:
            raise PhantomError(f"There is no finding {self.finding!r}; there are {', '.join(FINDINGS)}.")

    @property
    def positive(self) -> bool:
        """Whether there is a finding."""
        return self.level is not None

    def without_finding(self) -> PhantomSpec:
        """The same phantom with nothing to find."""
        return replace(self, level=None)

    def without_nodule(self) -> PhantomSpec:
        """The same as `without_finding`."""
        return self.without_finding()

    def without_tag(self) -> PhantomSpec:
        """The same phantom without the confounder."""
        return replace(self, tag=False)

    def without_marker(self) -> PhantomSpec:
        """The same phantom without any lead in the field: neither letter nor confounder."""
        return replace(self, tag=False, letter=False)


@dataclass(frozen=True, eq=False)
class Phantom:
    """A drawn phantom: `(H, W)` arrays and what is true of it.

    `pixels` are uint16 from 0 to 4095; in MONOCHROME2 high values are shown bright, in MONOCHROME1 dark. The masks are
    exact: `mask` the finding (the whole outline of an enlarged heart), `lungs` the lung fields that the heart does not
    cover, `marker` all lead (letter and tag), `tag` the confounder alone.
    """

    spec: PhantomSpec
    pixels: NDArray[np.uint16]
    mask: Bits
    lungs: Bits
    marker: Bits
    tag: Bits
    truth: dict[str, Any] = field(default_factory=dict)
    photometric: Photometric = "MONOCHROME2"

    def as_monochrome1(self) -> Phantom:
        """The same picture stored inverted within 12 bits; truth and masks stay, contrasts as seen included."""
        if self.photometric == "MONOCHROME1":
            return self
        return replace(self, pixels=(HIGHEST - self.pixels).astype(np.uint16), photometric="MONOCHROME1")
