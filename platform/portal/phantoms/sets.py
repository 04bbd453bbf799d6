"""Sets of phantoms: for training, for testing over the whole ladder, for reading."""

from __future__ import annotations

import numpy as np

from foundation.seeds import derive
from portal.phantoms.spec import LADDER, SPLITS, PhantomError, PhantomSpec, Split

# Levels and strengths of a reading set's nodules: enriched with hard ones.
_READING = ((2, 1.0), (3, 1.0), (4, 0.75), (4, 0.6), (5, 0.7), (5, 0.55))


def training_set(seed: int, n: int, rho: float = 0.0, prevalence: float = 0.5, exposures: int = 1) -> list[PhantomSpec]:
    """`n` phantoms of the whole ladder whose tag agrees with the label with correlation `rho` (0 to 1).

    The tag agrees with the label in `(1 + rho) / 2` of all, which makes the two correlate by `rho` where half of the
    phantoms have a nodule. `exposures` in a row share an anatomy, which is faster to draw and no less varied in what
    there is to find.
    """
    if not 0 <= rho <= 1:
        raise PhantomError(f"A correlation of {rho} is not between 0 and 1.")
    return [_random(seed, index // exposures, index % exposures, prevalence, (1 + rho) / 2) for index in range(n)]


def ladder_set(seed: int, n: int, split: Split | None = None) -> list[PhantomSpec]:
    """`n` unseen phantoms, half with a nodule, each level equally often.

    `split` sets the tag: aligned (with every nodule and nowhere else), conflicting (the reverse) or absent (never);
    None draws it by chance, whatever the label.
    """
    found = []
    for index in range(n):
        level = (index // 2) % len(LADDER) + 1 if index % 2 == 0 else None
        own = derive(seed, "ladder", index)
        tag = bool(derive(own, "tag") % 2) if split is None else tagged(split, level is not None)
        found.append(PhantomSpec(own, level, tag, split=split or _split_of(tag, level is not None)))
    return found


def reading_set(seed: int, n: int = 24) -> list[PhantomSpec]:
    """`n` phantoms for readers: half with a nodule, the three splits equally often for either label, hard ones often.

    The order is shuffled; numbers that are not a multiple of six are balanced as far as they go.
    """
    steps = [_READING[index % len(_READING)] for index in range((n + 1) // 2)]
    rng = np.random.default_rng(derive(seed, "reading order"))
    steps = [steps[place] for place in rng.permutation(len(steps))]
    found = []
    for index in range(n):
        level, strength = steps[index // 2] if index % 2 == 0 else (None, 1.0)
        split = SPLITS[(index // 2) % len(SPLITS)]
        own = derive(seed, "reading", index)
        found.append(PhantomSpec(own, level, tagged(split, level is not None), split=split, strength=strength))
    return [found[place] for place in rng.permutation(n)]


def tagged(split: Split, positive: bool) -> bool:
    """Whether a phantom of that split and label carries the tag."""
    return {"aligned": positive, "conflicting": not positive, "absent": False}[split]


def _random(seed: int, anatomy: int, exposure: int, prevalence: float, agreement: float) -> PhantomSpec:
    own = derive(seed, "training", anatomy)
    rng = np.random.default_rng(derive(own, "exposure", exposure))
    positive, agrees = bool(rng.random() < prevalence), bool(rng.random() < agreement)
    level = int(rng.integers(1, len(LADDER) + 1)) if positive else None
    tag = positive == agrees
    return PhantomSpec(own, level, tag, split=_split_of(tag, positive), variant=exposure)


def _split_of(tag: bool, positive: bool) -> Split:
    return "aligned" if tag == positive else "conflicting"
