"""From a description to a radiograph: attenuation, scatter, quantum noise, presentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.seeds import derive
from portal.phantoms.anatomy import Build, chest
from portal.phantoms.cardiomegaly import Cardiomegaly
from portal.phantoms.effusion import Effusion
from portal.phantoms.fields import Field, blur, step
from portal.phantoms.lead import lettering, width_of
from portal.phantoms.nodule import Nodule
from portal.phantoms.pneumothorax import Pneumothorax
from portal.phantoms.spec import (
    FIELD_OF_VIEW_MM,
    HIGHEST,
    LADDER,
    PHANTOM_NOTES,
    PHANTOM_TITLE,
    Bits,
    Phantom,
    PhantomError,
    PhantomSpec,
)

_SCATTER = 0.55  # scattered for each primary photon behind a grid
_PHOTONS = 5e4 * 512**2  # in the whole field, without anything in the beam
_LEAD = 6.0
Pixels = NDArray[np.uint16]

_OTHERS: dict[str, type[Effusion | Pneumothorax | Cardiomegaly]] = {
    "effusion": Effusion,
    "pneumothorax": Pneumothorax,
    "cardiomegaly": Cardiomegaly,
}

_LETTER, _TAG = "L", "PORTABLE"
_TAG_HEIGHT = 0.026


def draw(spec: PhantomSpec, size: int = 512) -> Phantom:
    """Draw a phantom of `size` by `size` pixels; the same geometry at every size, the same pixels for the same spec."""
    return next(draw_all([spec], size))


def draw_all(specs: Iterable[PhantomSpec], size: int = 512) -> Iterator[Phantom]:
    """Draw each of `specs` in turn; neighbours that share a seed share the work of drawing its anatomy."""
    if not 64 <= size <= 2048:
        raise PhantomError(f"A phantom is 64 to 2048 pixels wide, not {size}.")
    scene: _Scene | None = None
    for spec in specs:
        if scene is None or scene.seed != spec.seed:
            scene = _Scene(spec.seed, size)
        yield _exposure(spec, scene)


def _exposure(spec: PhantomSpec, scene: _Scene) -> Phantom:
    size = scene.size
    letter, tag = _lead(spec, size)
    lead = _LEAD * np.maximum(letter, tag)
    noise = _stream(spec, f"noise {size}").standard_normal((size, size), np.float32)
    truth = _truth(spec, size)
    mask = np.zeros((size, size), bool)
    lungs = scene.lungs
    if spec.level is None:
        pixels = scene.beam.expose(lead, noise)
    else:
        placed = _place(spec, spec.level, scene)
        mask, lungs = placed.mask, placed.lungs
        pixels = placed.beam.expose(lead + placed.added, noise)
        truth |= placed.facts | _visibility(scene, pixels, lead, noise, mask)
    return Phantom(spec, pixels, mask, lungs, (letter > 0) | (tag > 0), tag > 0, truth)


@dataclass(frozen=True)
class _Placed:
    """A finding in its scene: what it adds to which beam, its mask, the lung fields beside it, and its facts."""

    beam: _Beam
    added: Field
    mask: Bits
    lungs: Bits
    facts: dict[str, Any]


def _place(spec: PhantomSpec, level: int, scene: _Scene) -> _Placed:
    rng = _stream(spec, spec.finding)
    if spec.finding == "nodule":
        nodule = Nodule.place(scene.build, level, rng, spec.strength)
        added, mask = nodule.shape(scene.size)
        return _Placed(scene.beam, added, mask, scene.lungs, _nodule_truth(nodule, mask, scene))
    finding = _OTHERS[spec.finding].place(scene.build, level, rng, spec.strength)
    added, mask = finding.shape(scene.chest, scene.build, scene.size)
    facts = {"boxes": [_box(mask)], "point": _inner_point(mask), "area_px": int(mask.sum())} | finding.facts(mask)
    if isinstance(finding, Cardiomegaly):
        heart = finding.heart(scene.build, scene.size, scene.chest.heart)
        beam = scene.beam.behind(added, step(heart, 0, 0.6))
        return _Placed(beam, np.zeros_like(added), mask, scene.lungs & (heart < 0.25), facts)
    return _Placed(scene.beam, added, mask, scene.lungs, facts)


class _Scene:
    """One chest in the beam: what neither finding, lead nor noise changes is computed once.

    Scatter and the presentation's local mean come from the chest alone, so that what is added changes the pixels it
    covers and no others: counterfactual pairs differ only there.
    """

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.size = size
        self.build = Build.draw(np.random.default_rng(derive(seed, "phantom", "build")))
        self.chest = chest(self.build, size)
        self.lungs = self.chest.lungs
        self.beam = _Beam.through(np.exp(-self.chest.attenuation))


@dataclass(frozen=True)
class _Beam:
    """The radiation behind a chest, primary and scattered, and the local mean of its density; `(size, size)` each."""

    primary: Field
    scatter: Field
    local: Field

    @classmethod
    def through(cls, primary: Field) -> _Beam:
        """The beam whose scatter and local mean come from `primary` alone."""
        scatter = np.float32(_SCATTER) * blur(primary, 0.06)
        return cls(primary, scatter, blur(-np.log(primary + scatter), 0.09))

    @property
    def photons(self) -> np.float32:
        """What reaches a pixel without anything in the beam."""
        return np.float32(_PHOTONS / len(self.primary) ** 2)

    def behind(self, added: Field, share: Field) -> _Beam:
        """The beam as if `added` belonged to the chest, with its scatter and local mean for a `share` of each pixel.

        An organ that changes its size needs this, or its former outline would show through; where neither `added` nor
        `share` is above 0, the beam stays exactly as it was.
        """
        lasting = np.exp(-added)
        grown = _Beam.through(self.primary * lasting)
        scatter = self.scatter * lasting
        scatter += share * (grown.scatter - scatter)
        return _Beam(grown.primary, scatter, self.local + share * (grown.local - self.local))

    def expose(self, added: Field, noise: Field) -> Pixels:
        """The pixels as presented, `(H, W)`; normal noise with the Poisson variance stays in step in pairs."""
        expected = (self.primary * np.exp(-added) + self.scatter * np.exp(-np.minimum(added, 3))) * self.photons
        counted = np.maximum(expected + np.sqrt(expected) * noise, 1)
        return _presented(-np.log(counted / self.photons), self.local)


def _presented(density: Field, local: Field) -> Pixels:
    """Equalise the large scale, raise the small one, and bend both like a film's curve to 12 bits."""
    shown = 0.74 * local + 1.2 * (density - local)
    curve = 1 / (1 + np.exp((1.5 - shown) / 0.56))
    return np.clip(np.rint(curve * HIGHEST), 0, HIGHEST).astype(np.uint16)


def _stream(spec: PhantomSpec, name: str) -> np.random.Generator:
    return np.random.default_rng(derive(spec.seed, "phantom", name, spec.variant))


def _lead(spec: PhantomSpec, size: int) -> tuple[Field, Field]:
    """Letter and tag in the upper corner at the patient's left; the place varies a little, alike for both."""
    rng = _stream(spec, "lead")
    left, top = rng.uniform(0.86, 0.885), rng.uniform(0.035, 0.06)
    empty = np.zeros((size, size), np.float32)
    letter = lettering(_LETTER, size, left, top, 0.062, 0.35) if spec.letter else empty
    start = min(left - width_of(_TAG, _TAG_HEIGHT) / 2, 0.985 - width_of(_TAG, _TAG_HEIGHT))
    tag = lettering(_TAG, size, start, top + 0.085, _TAG_HEIGHT) if spec.tag else empty
    return letter, tag


def _truth(spec: PhantomSpec, size: int) -> dict[str, Any]:
    return {
        "title": PHANTOM_TITLE,
        "notes": PHANTOM_NOTES,
        "seed": spec.seed,
        "label": int(spec.positive),
        "finding": spec.finding if spec.positive else None,
        "level": spec.level,
        "strength": spec.strength,
        "level_title": LADDER[spec.level - 1].title if spec.level else None,
        "tag": spec.tag,
        "letter": spec.letter,
        "split": spec.split,
        "spacing_mm": FIELD_OF_VIEW_MM / size,
        "boxes": [],
    }


def _nodule_truth(nodule: Nodule, mask: Bits, scene: _Scene) -> dict[str, Any]:
    """Box `[x0, y0, x1, y1]` in pixels, the end exclusive; point `[x, y]` in pixels; the patient's side."""
    size = scene.size
    return {
        "boxes": [_box(mask)],
        "point": [nodule.x * size - 0.5, nodule.y * size - 0.5],
        "diameter_px": 2 * nodule.radius * size,
        "diameter_mm": 2 * nodule.radius * FIELD_OF_VIEW_MM,
        "area_px": int(mask.sum()),
        "attenuation": nodule.contrast,
        "side": "left" if nodule.x > scene.build.midline else "right",
    }


def _box(mask: Bits) -> list[int]:
    """The smallest box `[x0, y0, x1, y1]` around the mask, in pixels, the end exclusive."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def _inner_point(mask: Bits) -> list[float]:
    """The mask's own pixel `[x, y]` nearest to its centroid, which a crescent does not contain."""
    rows, columns = np.nonzero(mask)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return [float(columns[nearest]), float(rows[nearest])]


def _visibility(scene: _Scene, pixels: Pixels, lead: Field, noise: Field, mask: Bits) -> dict[str, float]:
    """Contrast in pixel values (below 0 for air) and its ratio to the spread of the same place without the finding."""
    without = scene.beam.expose(lead, noise).astype(np.float32)
    contrast = float((pixels[mask] - without[mask]).mean())
    spread = float(without[_ring(mask)].std())
    return {"contrast": contrast, "cnr": contrast / max(spread, 1.0)}


def _ring(mask: Bits) -> Bits:
    """The mask's bounding box widened by half its size on each side."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    grow = max(len(rows), len(columns)) // 2
    ring = np.zeros_like(mask)
    ring[max(rows[0] - grow, 0) : rows[-1] + grow + 1, max(columns[0] - grow, 0) : columns[-1] + grow + 1] = True
    return ring
