"""From a description to a radiograph: attenuation, scatter, quantum noise, presentation."""

from __future__ import annotations

from typing import Any

import numpy as np
from foundation.seeds import derive

from portal.phantoms.anatomy import Build, chest
from portal.phantoms.fields import Field, blur
from portal.phantoms.lead import lettering, width_of
from portal.phantoms.nodule import Nodule
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
_LETTER, _TAG = "L", "PORTABLE"


def draw(spec: PhantomSpec, size: int = 512) -> Phantom:
    """Draw a phantom of `size` by `size` pixels; the same geometry at every size, the same pixels for the same spec."""
    if not 64 <= size <= 2048:
        raise PhantomError(f"A phantom is 64 to 2048 pixels wide, not {size}.")
    build = Build.draw(_stream(spec, "build"))
    anatomy = chest(build, size)
    letter, tag = _lead(spec, size)
    lead = _LEAD * np.maximum(letter, tag)
    finding, mask = np.zeros((size, size), np.float32), np.zeros((size, size), bool)
    if spec.level is not None:
        nodule = Nodule.place(build, spec.level, _stream(spec, "nodule"))
        finding, mask = nodule.shape(size)
    beam = _Beam(anatomy.attenuation, _noise(spec, size))
    pixels = beam.expose(lead + finding)
    truth = _truth(spec, size)
    if spec.level is not None:
        truth |= _nodule_truth(nodule, mask, size, build) | _visibility(beam, pixels, lead, mask)
    return Phantom(spec, pixels, mask, anatomy.lungs, (letter > 0) | (tag > 0), tag > 0, truth)


class _Beam:
    """One exposure of one chest: what the finding and the lead do not change is computed once.

    Scatter and the presentation's local mean come from the chest alone, so that what is added changes the pixels it
    covers and no others: counterfactual pairs differ only there.
    """

    def __init__(self, anatomy: Field, noise: Field) -> None:
        self.anatomy = anatomy
        self.noise = noise
        primary = np.exp(-anatomy)
        self.scatter = np.float32(_SCATTER) * blur(primary, 0.06)
        self.local = blur(-np.log(primary + self.scatter), 0.09)
        self.photons = np.float32(_PHOTONS / anatomy.size)

    def expose(self, added: Field) -> np.ndarray:
        """The pixels as presented, uint16 `(H, W)`; normal noise with the Poisson variance stays in step."""
        expected = (np.exp(-(self.anatomy + added)) + self.scatter * np.exp(-np.minimum(added, 3))) * self.photons
        counted = np.maximum(expected + np.sqrt(expected) * self.noise, 1)
        density = -np.log(counted / self.photons)
        shown = 0.74 * self.local + 1.2 * (density - self.local)
        curve = 1 / (1 + np.exp(-(shown - 1.5) / 0.56))
        return np.clip(np.rint(curve * HIGHEST), 0, HIGHEST).astype(np.uint16)


def _stream(spec: PhantomSpec, name: str) -> np.random.Generator:
    return np.random.default_rng(derive(spec.seed, "phantom", name))


def _noise(spec: PhantomSpec, size: int) -> Field:
    return _stream(spec, f"noise {size}").standard_normal((size, size), np.float32)


def _lead(spec: PhantomSpec, size: int) -> tuple[Field, Field]:
    """Letter and tag in the upper corner at the patient's left; the place varies a little, alike for both."""
    rng = _stream(spec, "lead")
    left, top = rng.uniform(0.86, 0.885), rng.uniform(0.035, 0.06)
    empty = np.zeros((size, size), np.float32)
    letter = lettering(_LETTER, size, left, top, 0.062, 0.35) if spec.letter else empty
    height = 0.026
    start = left + 0.045 - width_of(_TAG, height) / 2 - 0.045
    tag = lettering(_TAG, size, min(start, 0.985 - width_of(_TAG, height)), top + 0.085, height) if spec.tag else empty
    return letter, tag


def _truth(spec: PhantomSpec, size: int) -> dict[str, Any]:
    return {
        "title": PHANTOM_TITLE,
        "notes": PHANTOM_NOTES,
        "seed": spec.seed,
        "label": int(spec.positive),
        "finding": "nodule" if spec.positive else None,
        "level": spec.level,
        "level_title": LADDER[spec.level - 1].title if spec.level else None,
        "tag": spec.tag,
        "letter": spec.letter,
        "split": spec.split,
        "spacing_mm": FIELD_OF_VIEW_MM / size,
        "boxes": [],
    }


def _nodule_truth(nodule: Nodule, mask: Bits, size: int, build: Build) -> dict[str, Any]:
    """Box `[x0, y0, x1, y1]` in pixels, the end exclusive; point `[x, y]` in pixels; the patient's side."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]
    return {
        "boxes": [box],
        "point": [nodule.x * size - 0.5, nodule.y * size - 0.5],
        "diameter_px": 2 * nodule.radius * size,
        "diameter_mm": 2 * nodule.radius * FIELD_OF_VIEW_MM,
        "area_px": int(mask.sum()),
        "attenuation": nodule.contrast,
        "side": "left" if nodule.x > build.midline else "right",
    }


def _visibility(beam: _Beam, pixels: np.ndarray, lead: Field, mask: Bits) -> dict[str, float]:
    """Contrast in pixel values and its ratio to the spread of the same place without the nodule."""
    without = beam.expose(lead).astype(np.float32)
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
