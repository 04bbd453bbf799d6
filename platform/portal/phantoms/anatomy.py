"""A simplified chest: body, lungs, heart, bones and vessels as line integrals of attenuation.

Lengths are shares of the image's side, thicknesses centimetres, attenuation nepers. Image right is the patient's
left, where the heart's apex, the aortic knob and the stomach's air are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portal.phantoms.fields import Field, blobs, bone, bulge, centres, ellipsoid, step

WATER = 0.17  # nepers a centimetre, an effective value for a chest exposure
LUNG = 0.26  # density of aerated lung against water
BONE = 0.30  # what a centimetre of cancellous and cortical bone adds to water
HEART = 4.2  # centimetres of water that the heart adds where it is deepest
LUNG_DEPTH = 15.5  # centimetres of lung where it is deepest, in a person of 21 cm
_APEX_SHIFT = 0.5  # of the heart's long axis, for each unit of growth
_ATRIUM = 1.25  # the right atrium's growth in width for each unit of the heart's


@dataclass(frozen=True)
class Build:
    """One person's proportions, drawn from a seed."""

    midline: float
    width: float
    apex: float
    base: float
    domes: tuple[float, float]
    thickness: float
    heart: tuple[float, float]
    heart_turn: float
    rib_gap: float
    rib_start: float
    rib_drop: float
    rib_weight: float
    breast: float
    bubble: tuple[float, float]
    lean: float
    details: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Build:
        """A build within the range of ordinary adults."""
        base = rng.uniform(0.74, 0.81)
        return cls(
            midline=0.5 + rng.normal(0, 0.008),
            width=rng.uniform(0.375, 0.425),
            apex=rng.uniform(0.075, 0.115),
            base=base,
            domes=(base - rng.uniform(0.065, 0.085), base - rng.uniform(0.04, 0.06)),
            thickness=rng.uniform(19, 23),
            heart=(rng.uniform(0.145, 0.175), rng.uniform(0.108, 0.128)),
            heart_turn=rng.uniform(0.45, 0.75),
            rib_gap=rng.uniform(0.066, 0.078),
            rib_start=rng.uniform(0.0, 1.0),
            rib_drop=rng.uniform(0.12, 0.17),
            rib_weight=rng.uniform(0.8, 1.15),
            breast=rng.choice([0.0, rng.uniform(0.8, 2.0)]),
            bubble=(rng.uniform(0.045, 0.065), rng.uniform(0.026, 0.036)),
            lean=rng.normal(0, 0.012),
            details=int(rng.integers(2**62)),
        )


@dataclass(frozen=True)
class Chest:
    """A chest without findings, `(size, size)` each: what a finding needs to know to take its place.

    `attenuation` is in nepers; `tissue` (may be negative, which counts as none), `texture` (vessels and lumps), and
    `depth` (of aerated lung) in centimetres; `air` and `heart` are depths from 0 to 1; `lungs` the visible fields.
    """

    attenuation: Field
    lungs: np.ndarray
    tissue: Field
    texture: Field
    depth: Field
    air: Field
    heart: Field

    def change(self, more: Field, lost: Field | float) -> Field:
        """Nepers by which `more` centimetres of tissue and a share `lost` of the lung markings change the chest."""
        tissue = np.maximum(self.tissue + more, 0) - np.maximum(self.tissue, 0)
        return (WATER * (tissue - lost * self.texture)).astype(np.float32)


def chest(build: Build, size: int) -> Chest:
    """Render a build at `size` pixels."""
    x, y = centres(size)[None, :], centres(size)[:, None]
    heart = heart_shape(build, x, y)
    air = lung_depth(build, x, y)
    lung = air * (1 - np.float32(0.8) * np.sqrt(heart))
    tissue = _body(build, x, y) - LUNG_DEPTH * (1 - LUNG) * lung * (build.thickness / 21)
    tissue += _middle(build, x, y) + _breasts(build, x, y) - _stomach(build, x, y)
    texture = _lumps(build, size) + _vessels(build, size)
    texture = texture * step(air, 0.05, 0.5)
    attenuation = WATER * (np.maximum(tissue, 0) + texture)
    attenuation += BONE * build.rib_weight * _bones(build, x, y)
    visible = (air > 0.35) & (heart < 0.25)
    depth = LUNG_DEPTH * lung * (build.thickness / 21)
    return Chest(attenuation.astype(np.float32), visible, tissue, texture, depth, air, heart)


def in_lungs(build: Build, x: float, y: float) -> bool:
    """Whether a point lies in the visible lung fields, whatever the image's size."""
    column, row = np.full((1, 1), x, np.float32), np.full((1, 1), y, np.float32)
    air, heart = lung_depth(build, column, row), heart_shape(build, column, row)
    return bool(air[0, 0] > 0.6 and heart[0, 0] < 0.01)


def from_midline(build: Build, x: Field, y: Field) -> Field:
    """The distance from the midline, which may lean."""
    return x - np.float32(build.midline) - np.float32(build.lean) * (y - np.float32(0.5))


def chest_wall(build: Build, y: Field) -> Field:
    """The lungs' lateral border: the distance from the midline at each height."""
    rise = np.clip((build.base - y) / (build.base - build.apex), 0, 1).astype(np.float32)
    return np.float32(build.width) * (1 - rise**2.9) ** 0.46 * (1 - np.float32(0.05) * step(y, build.base - 0.12, 0.9))


def diaphragm(build: Build, across: Field) -> Field:
    """The height of the domes; the liver pushes the patient's right one (image left) up."""
    dome = np.where(across < 0, build.domes[0], build.domes[1]).astype(np.float32)
    return (
        dome
        + np.float32(2.0) * np.maximum(np.abs(across) - 0.17, 0) ** 2
        + np.float32(0.25) * (np.maximum(0.17 - np.abs(across), 0) ** 2)
    )


def lung_depth(build: Build, x: Field, y: Field) -> Field:
    """The depth of air-filled lung, 0 to 1."""
    across = from_midline(build, x, y)
    away = np.abs(across)
    border = 0.052 + 0.016 * step(y, 0.24, 0.12) + 0.012 * step(y, 0.3, 0.7) + 0.005 * np.sin(14 * y + build.rib_start)
    lateral = bulge((chest_wall(build, y) - away) / np.float32(0.10))
    medial = bulge((away - border) / np.float32(0.10))
    below = bulge((diaphragm(build, across) - y) / np.float32(0.16))
    top = step(y, build.apex - 0.01, build.apex + 0.22)
    return lateral * (0.2 + 0.8 * medial) * step(away - border, -0.008, 0.012) * below * (0.66 + 0.34 * top)


def heart_shape(build: Build, x: Field, y: Field, growth: float = 0.0) -> Field:
    """The heart's depth, 0 to 1: ventricles to the patient's left, the right atrium beside the spine.

    `growth` widens both by that share and moves the apex outwards and down by less: a larger heart covers a smaller.
    """
    middle, grown = build.midline, 1 + growth
    low = min(build.domes) - 0.075
    shift = _APEX_SHIFT * growth * build.heart[0]
    apex = (middle + 0.062 + shift * np.cos(build.heart_turn), low + shift * np.sin(build.heart_turn))
    left = ellipsoid(x, y, apex, (build.heart[0] * grown, build.heart[1] * grown), build.heart_turn)
    right = ellipsoid(x, y, (middle - 0.018, low + 0.005), (0.078 * (1 + _ATRIUM * growth), 0.115 * grown))
    return np.maximum(left, 0.9 * right)


def heart_width(build: Build, growth: float = 0.0) -> float:
    """The heart's greatest width as a share of the image's, linear in `growth`."""
    reach = np.hypot(build.heart[0] * np.cos(build.heart_turn), build.heart[1] * np.sin(build.heart_turn))
    left = 0.062 + _APEX_SHIFT * growth * build.heart[0] * np.cos(build.heart_turn) + reach * (1 + growth)
    return float(left + 0.018 + 0.078 * (1 + _ATRIUM * growth))


def chest_width(build: Build) -> float:
    """The chest's greatest inner width as a share of the image's."""
    return float(2 * chest_wall(build, centres(512)).max())


def chest_angle(build: Build, side: int) -> float:
    """The height of the costophrenic angle, where dome and wall meet, at image left (-1) or right (1)."""
    height: Field = np.full(1, build.base, np.float32)
    for _ in range(20):
        height = 0.5 * (height + diaphragm(build, side * chest_wall(build, height)))
    return float(height[0])


def _body(build: Build, x: Field, y: Field) -> Field:
    """Soft tissue as if there were no lungs: neck, shoulders, trunk; centimetres."""
    away = np.abs(from_midline(build, x, y))
    shoulders = 0.105 + 0.49 * step(y, -0.02, 0.19) - 0.065 * step(y, 0.3, 0.75)
    edge = bulge((shoulders * (build.width / 0.4) ** 0.6 - away) / np.float32(0.22))
    trunk = 0.62 + 0.38 * step(y, 0.02, 0.35)
    return np.float32(build.thickness) * edge * trunk * (1 + 0.10 * step(y, 0.6, 0.95))


def _middle(build: Build, x: Field, y: Field) -> Field:
    """Heart, great vessels and airways; centimetres of water more (or less)."""
    across = from_midline(build, x, y)
    middle = build.midline
    heart = HEART * heart_shape(build, x, y)
    knob = 3.2 * ellipsoid(x, y, (middle + 0.052, 0.315), (0.040, 0.048))
    aorta = 1.6 * bulge(1 - np.abs(across - 0.045) / 0.03) * step(y, 0.28, 0.36)
    cava = 1.6 * bulge(1 - np.abs(across + 0.045) / 0.022) * step(y, 0.16, 0.24) * step(y, 0.52, 0.4)
    trachea = 2.6 * bulge(1 - np.abs(across + 0.004) / 0.021) * step(y, 0.375, 0.345)
    slope = y - 0.355 - 0.75 * np.abs(across + 0.004)
    bronchi = 1.5 * bulge(1 - np.abs(slope) / 0.018) * step(np.abs(across), 0.10, 0.05) * step(y, 0.34, 0.36)
    return (heart + knob + aorta + cava - trachea - bronchi).astype(np.float32)


def _breasts(build: Build, x: Field, y: Field) -> Field:
    """Breast shadows over the lower lungs; centimetres."""
    if not build.breast:
        return np.zeros((1, 1), np.float32)
    pair = [ellipsoid(x, y, (build.midline + side * 0.235, 0.635), (0.165, 0.135)) for side in (-1, 1)]
    return np.float32(build.breast) * (pair[0] + pair[1])


def _stomach(build: Build, x: Field, y: Field) -> Field:
    """Air under the patient's left dome with a level of fluid; centimetres."""
    row = build.domes[1] + build.bubble[1] + 0.025
    air = ellipsoid(x, y, (build.midline + 0.185, row), build.bubble)
    return 6.5 * air * step(y, row + build.bubble[1] * 0.55, row + build.bubble[1] * 0.45)


def _bones(build: Build, x: Field, y: Field) -> Field:
    """Spine, ribs, clavicles, shoulders; centimetres."""
    across = from_midline(build, x, y)
    return _spine(build, across, y) + _ribs(build, across, y) + _girdle(build, across, y)


def _spine(build: Build, across: Field, y: Field) -> Field:
    phase = np.abs(((y / 0.056) + build.rib_start) % 1 - 0.5)
    body = step(phase, 0.47, 0.40)
    column = bone(across, 0.037 + 0.007 * step(phase, 0.3, 0.5), 0.16) * (0.55 + 0.45 * body)
    pedicle = np.maximum(1 - ((np.abs(across) - 0.024) / 0.008) ** 2 - ((phase - 0.12) / 0.16) ** 2, 0)
    return (1.25 * column + 0.6 * pedicle).astype(np.float32)


def _ribs(build: Build, across: Field, y: Field) -> Field:
    """Level sets of one function of height and distance from the midline: all ribs of a kind at once."""
    away = np.abs(across)
    share = np.clip(away / (chest_wall(build, y) + 0.014), 0, 1.2)
    inside = step(share, 1.01, 0.985) * step(y, build.apex - 0.03, build.apex + 0.01)
    flank = 1 / np.sqrt(1.12 - np.minimum(share, 1) ** 2)  # the rays pass a rib lengthwise at the chest's wall
    wave = 0.006 * np.sin(9 * y + 7 * away + 6 * build.rib_start)
    back = (y + 0.028 * np.sin(np.pi * share) - build.rib_drop * share**3 + wave) / build.rib_gap + build.rib_start
    front = (y + 0.26 * share - 0.05 * share**4 - wave) / (build.rib_gap * 1.12) + build.rib_start * 0.7
    behind = _band(back, 0.175) * step(away, 0.035, 0.05) * flank
    before = _band(front, 0.20) * step(share, 0.42, 0.62) * np.minimum(flank, 1.4) * step(y, 0.17, 0.26)
    fade = step(y, 0.98, 0.80)
    return ((0.85 * behind + 0.5 * before) * inside * fade).astype(np.float32)


def _band(level: Field, half: float) -> Field:
    return bone(level % 1 - 0.5, half, 0.10)


def _girdle(build: Build, across: Field, y: Field) -> Field:
    away = np.abs(across)
    run = (away - 0.04) / 0.33
    axis = build.apex + 0.125 - 0.080 * run - 0.018 * np.sin(2 * np.pi * run)
    clavicle = bone(y - axis, 0.0135 + 0.004 * np.abs(run - 0.5), 0.18) * step(run, -0.01, 0.03) * step(run, 1.02, 0.99)
    border = 0.335 + 0.16 * (y - 0.2)
    blade = step(away, border, border + 0.012) * step(y, 0.10, 0.15) * step(y, 0.47, 0.40)
    blade = (
        blade * step(away, border + 0.13, border + 0.09) * (0.45 + 0.55 * step(away, border + 0.022, border + 0.008))
    )
    head = np.maximum(1 - ((away - 0.462) / 0.058) ** 2 - ((y - 0.175) / 0.06) ** 2, 0) ** 0.5
    shaft = bone(away - 0.475 - 0.06 * (y - 0.2), 0.03, 0.15) * step(y, 0.19, 0.22)
    return (1.45 * clavicle + 0.5 * blade + 1.7 * np.maximum(head, 0.85 * shaft)).astype(np.float32)


def _lumps(build: Build, size: int) -> Field:
    """The clustered lumpy background of Bochud, Abbey and Eckstein (Opt. Express 1999), with round lumps."""
    rng = np.random.default_rng([build.details, 1])
    clusters = rng.uniform(0.05, 0.95, (150, 2))
    members = rng.poisson(8, len(clusters))
    places = np.repeat(clusters, members, 0) + rng.normal(0, 0.022, (members.sum(), 2))
    sigma = rng.uniform(0.005, 0.016, len(places))
    weight = rng.normal(0.10, 0.16, len(places))
    return blobs(size, *(column.astype(np.float32) for column in (*places.T, sigma, weight)))


def _vessels(build: Build, size: int) -> Field:
    """Arteries and veins from both hila, branching and thinning to the outside, as strings of blobs."""
    rng = np.random.default_rng([build.details, 2])
    strings = [_tree(build, rng, side) for side in (-1, 1)]
    x, y, sigma, weight = np.concatenate(strings, 1).astype(np.float32)
    return blobs(size, x, y, sigma, weight)


def _tree(build: Build, rng: np.random.Generator, side: int) -> np.ndarray:
    """One lung's vessels: `(4, n)` rows x, y, sigma, weight."""
    root = np.array([build.midline + side * 0.075, 0.425 if side < 0 else 0.405])
    angles = np.linspace(-1.35, 1.35, 11) + rng.normal(0, 0.07, 11)
    stack = [(root + rng.normal(0, 0.008, 2), angle, rng.uniform(0.0058, 0.0085), 0) for angle in angles]
    found = []
    while stack:
        start, angle, radius, depth = stack.pop()
        length = rng.uniform(0.07, 0.12) if depth else rng.uniform(0.05, 0.09)
        count = max(int(length / (0.9 * radius)), 4)
        along = np.linspace(0, 1, count)
        heading = angle + rng.normal(0, 0.22) * along + rng.normal(0, 0.05)
        stride = length / count
        path = start + np.cumsum(np.stack([side * np.cos(heading), np.sin(heading)], 1) * stride, 0)
        width, weight = radius * (1 - 0.25 * along), 95 if depth else 75
        found.append(np.stack([*path.T, width, weight * width]))
        if depth < 3:
            spread = rng.uniform(0.22, 0.5)
            narrow = radius * rng.uniform(0.62, 0.75)
            stack += [(path[-1], heading[-1] + turn, narrow, depth + 1) for turn in (-spread, spread)]
    return np.concatenate(found, 1)
