"""What the findings promise: exact pairs, masks that say where, sizes that hold, nodules drawn as they always were."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foundation.seeds import derive
from portal.phantoms import FINDINGS, HIGHEST, LADDER, Finding, Phantom, PhantomError, PhantomSpec, draw, draw_all
from portal.phantoms.anatomy import LUNG, WATER, Build, chest, chest_width, heart_shape, heart_width
from portal.phantoms.cardiomegaly import NORMAL
from portal.phantoms.fields import centres
from portal.phantoms.pneumothorax import Pneumothorax

SIZE = 160
NEW: tuple[Finding, ...] = ("effusion", "pneumothorax", "cardiomegaly")
SIDED: tuple[Finding, ...] = ("effusion", "pneumothorax")

OLD = (
    PhantomSpec(11, level=2, tag=True),
    PhantomSpec(7),
    PhantomSpec(5, level=5, variant=3, strength=0.6),
    PhantomSpec(23, level=1, letter=False, split="aligned"),
)
# Pixels, masks and truth as drawn before there was any finding but the nodule.
DIGESTS = {
    160: (
        "bb6c13073bf243ae4f6fba8c8d60db486628c18513b82903ed5f38fba572c4a0",
        "160b8b9af0ccc77089ed6cc844c7f0ebe3404454d746ff1cb9ce400db7b05693",
        "4e996d8d98b866f2f649a20ce354c9bb82c0d5ab59640baab1b505e431cbd355",
        "86206e76e6906789f1397352fd060f105c068a6635adf2e52861dd448878f82d",
    ),
    512: (
        "616b29864481b2099b57a1c8e8b8ad2d04d45cfd1d1287045bce7f12e5a22d4f",
        "bf96b3b53b0ebbc9a2b72a81d2b668292b0c1025e3941e5df0d0f76306775efa",
        "cbe91ed44e7b26a54b6c2cc65898083f1ef2ae0347321c751263f579073b42f4",
        "49022b9a93b65d9fd5df1e7f6d99dda0a1874b4729ee15a51fdccf7853c64986",
    ),
}


def digest(phantom: Phantom) -> str:
    """One hash over everything that a phantom holds."""
    found = hashlib.sha256()
    for array in (phantom.pixels, phantom.mask, phantom.lungs, phantom.marker, phantom.tag):
        found.update(array.tobytes())
    found.update(json.dumps(phantom.truth).encode())
    return found.hexdigest()


def pair(finding: Finding, seed: int, level: int, size: int = SIZE) -> tuple[Phantom, Phantom]:
    """A phantom with a finding and the same without."""
    spec = PhantomSpec(seed, level=level, tag=True, finding=finding)
    with_it, without = draw_all([spec, spec.without_finding()], size)
    return with_it, without


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="The hashes are those of x86-64 arithmetic.")
@pytest.mark.parametrize("size", DIGESTS)
def test_nodules_are_drawn_as_before(size: int) -> None:
    """The oracle are hashes taken before the other findings existed.

    The last bit of a sum depends on how many threads and which vector unit add it up, so a process of its own is held
    to one thread and to 256-bit vectors, which every x86-64 machine of the last ten years has.
    """
    root = Path(__file__).parents[3]
    code = (
        "from portal.phantoms import draw\n"
        "from tests.portal.phantoms.test_findings import OLD, digest\n"
        f"print(*[digest(draw(spec, {size})) for spec in OLD])"
    )
    held = {
        "PYTHONPATH": os.pathsep.join([str(root / "platform"), str(root)]),
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=os.environ | held, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == list(DIGESTS[size])


def test_a_finding_left_unsaid_is_a_nodule() -> None:
    assert PhantomSpec(4, level=3) == PhantomSpec(4, level=3, finding="nodule")
    assert PhantomSpec(4, level=3).without_nodule() == PhantomSpec(4, level=3).without_finding() == PhantomSpec(4)


@pytest.mark.parametrize("level", [1, 3, 5])
@pytest.mark.parametrize("finding", FINDINGS)
def test_a_pair_differs_exactly_in_the_mask(finding: Finding, level: int) -> None:
    """The oracle is the pair itself: every pixel that differs lies in the mask, and most of the mask differs."""
    for seed in range(4):
        with_it, without = pair(finding, 30 + seed, level)
        changed = with_it.pixels != without.pixels
        assert not changed[~with_it.mask].any()
        assert changed[with_it.mask].mean() > 0.8
        assert np.array_equal(with_it.lungs[~with_it.mask], without.lungs[~with_it.mask])
        assert np.array_equal(with_it.marker, without.marker)
        assert not without.mask.any()
        assert (without.truth["label"], without.truth["finding"], without.truth["boxes"]) == (0, None, [])


def test_phantoms_without_a_finding_are_the_same_whichever_they_lack() -> None:
    pixels = [draw(PhantomSpec(6, finding=finding), SIZE).pixels for finding in FINDINGS]
    assert all(np.array_equal(pixels[0], other) for other in pixels[1:])


@pytest.mark.parametrize("level", range(1, len(LADDER) + 1))
@pytest.mark.parametrize("finding", NEW)
def test_the_truth_agrees_with_the_mask(finding: Finding, level: int) -> None:
    phantom, _ = pair(finding, 50 + level, level)
    rows, columns = np.nonzero(phantom.mask)
    truth = phantom.truth
    assert (truth["label"], truth["finding"], truth["level"]) == (1, finding, level)
    assert truth["boxes"] == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]
    assert truth["area_px"] == phantom.mask.sum()
    x, y = truth["point"]
    assert phantom.mask[int(y), int(x)]
    json.dumps(truth)


@pytest.mark.parametrize("finding", SIDED)
def test_the_side_is_the_patients(finding: Finding) -> None:
    """Image right is the patient's left, where the letter L stands; both sides occur and neither crosses over."""
    found = set()
    for seed in range(8):
        phantom, _ = pair(finding, seed, 1)
        letter = np.nonzero(phantom.marker)[1].mean() > SIZE / 2
        columns = np.nonzero(phantom.mask)[1]
        at_letter = columns.mean() > SIZE / 2
        assert letter
        assert phantom.truth["side"] == ("left" if at_letter else "right")
        assert (columns > 0.47 * SIZE).all() if at_letter else (columns < 0.53 * SIZE).all()
        found.add(phantom.truth["side"])
    assert found == {"left", "right"}


@pytest.mark.parametrize("level", [1, 3, 5])
def test_fluid_lies_at_the_base_and_climbs_the_wall(level: int) -> None:
    """A meniscus: the fluid's upper border is highest at the chest's wall, and its foot is the lung's own."""
    for seed in range(4):
        phantom, _ = pair("effusion", 70 + seed, level, 256)
        mask = phantom.mask if phantom.truth["side"] == "right" else phantom.mask[:, ::-1]
        columns = np.flatnonzero(mask.any(0))
        tops = mask.argmax(0)[columns]
        rows = np.flatnonzero(mask.any(1))
        assert rows[0] > 0.4 * 256
        assert tops[: len(tops) // 4].min() == rows[0]
        assert tops[len(tops) // 2] > rows[0] + 0.2 * phantom.truth["height_px"]
        assert len(rows) == pytest.approx(phantom.truth["height_px"], rel=0.12, abs=2)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_pleural_line_parts_lung_from_darker_air(level: int) -> None:
    """The oracle is the pair: the line is brighter than what was there, everything outside it darker."""
    phantom, without = pair("pneumothorax", 81, level, 512)
    change = phantom.pixels.astype(float) - without.pixels
    assert change[phantom.mask].mean() < -100
    row = int(0.24 * 512)
    inside = np.flatnonzero(phantom.mask[row])
    inner = inside if phantom.truth["side"] == "left" else inside[::-1]
    assert change[row, inner[:3]].max() > 0
    assert change[row, inner[8:-4]].max() < 0
    assert 1 < len(inside) / phantom.truth["retraction_px"] < 2
    hilum = np.flatnonzero(phantom.mask[int(0.415 * 512)])
    assert phantom.truth["width_px"] == hilum[-1] - hilum[0] + 1 < len(inside)


@pytest.mark.parametrize("level", range(1, len(LADDER) + 1))
def test_beyond_the_pleural_line_there_are_no_markings(level: int) -> None:
    """What is taken away there is the vessels and lumps in full, and a smooth share of the lung's own depth."""
    build = Build.draw(np.random.default_rng(2))
    bare = chest(build, 512)
    placed = Pneumothorax.place(build, level, np.random.default_rng(3))
    added, mask = placed.shape(bare, build, 512)
    row = int(0.24 * 512)
    inside = np.flatnonzero(mask[row])[:: placed.side][5:]
    left = added[row, inside] + WATER * bare.texture[row, inside]
    assert np.abs(bare.texture[row, inside]).max() > 0.1
    assert left == pytest.approx(-WATER * LUNG * placed.emptied * bare.depth[row, inside], abs=1e-4)


@pytest.mark.parametrize("level", range(1, len(LADDER) + 1))
def test_an_enlarged_heart_has_the_ratio_it_says(level: int) -> None:
    """The oracle are the widths of the mask and of the lung fields, measured in pixels."""
    for seed in range(3):
        phantom, without = pair("cardiomegaly", 90 + seed, level, 256)
        left, _, right, _ = phantom.truth["boxes"][0]
        assert right - left == pytest.approx(phantom.truth["width_px"], abs=3)
        inner = max(row[-1] - row[0] for line in without.lungs if len(row := np.flatnonzero(line)))
        assert (right - left) / inner == pytest.approx(phantom.truth["cardiothoracic_ratio"], rel=0.07)
        assert phantom.truth["cardiothoracic_ratio"] > NORMAL > phantom.truth["cardiothoracic_ratio_without"]
        assert phantom.lungs.sum() < without.lungs.sum()
        assert not (phantom.lungs & ~without.lungs).any()


def test_ordinary_hearts_are_not_enlarged_and_larger_ones_cover_them() -> None:
    x, y = centres(64)[None, :], centres(64)[:, None]
    for seed in range(40):
        build = Build.draw(np.random.default_rng(seed))
        assert heart_width(build) < 0.48 * chest_width(build)
        assert ((heart_shape(build, x, y, 0.5) > 0) >= (heart_shape(build, x, y) > 0)).all()


@pytest.mark.parametrize("finding", NEW)
def test_each_step_is_harder_to_see(finding: Finding) -> None:
    """The matched template's d' on the known difference, as for nodules."""
    strengths = []
    for level in range(1, len(LADDER) + 1):
        found = []
        for seed in range(4):
            with_it, without = pair(finding, derive(7, seed), level)
            found.append(np.sqrt(((with_it.pixels.astype(float) - without.pixels) ** 2).sum()))
        strengths.append(np.mean(found))
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] > 1.4 * strengths[-1]


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_strength_below_one_is_harder(finding: Finding) -> None:
    spec = PhantomSpec(12, level=3, finding=finding)
    weak, strong, without = draw_all([replace(spec, strength=0.5), spec, spec.without_finding()], SIZE)
    reference = without.pixels.astype(float)
    assert np.abs(weak.pixels - reference).sum() < 0.95 * np.abs(strong.pixels - reference).sum()


@pytest.mark.parametrize("finding", NEW)
def test_the_geometry_is_the_same_at_every_size(finding: Finding) -> None:
    small, large = pair(finding, 13, 2, 128)[0], pair(finding, 13, 2, 512)[0]
    blocks = large.mask.reshape(128, 4, 128, 4).mean((1, 3)) > 0.5
    assert 2 * (blocks & small.mask).sum() / (blocks.sum() + small.mask.sum()) > 0.9


@pytest.mark.parametrize("finding", FINDINGS)
def test_monochrome1_is_the_exact_inverse(finding: Finding) -> None:
    phantom, _ = pair(finding, 14, 2)
    inverse = phantom.as_monochrome1()
    assert (phantom.photometric, inverse.photometric) == ("MONOCHROME2", "MONOCHROME1")
    assert inverse.pixels.dtype == np.uint16
    assert (inverse.pixels.astype(int) + phantom.pixels == HIGHEST).all()
    assert inverse.truth == phantom.truth
    assert inverse.spec == phantom.spec
    assert np.array_equal(inverse.mask, phantom.mask)
    assert inverse.as_monochrome1() is inverse


def test_a_finding_that_is_not_known_is_refused() -> None:
    with pytest.raises(PhantomError, match="no finding 'fracture'"):
        PhantomSpec(1, level=1, finding="fracture")  # type: ignore[arg-type]
