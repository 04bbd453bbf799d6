"""What a phantom promises: the same from the same seed, exact truth, the right way round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from foundation.seeds import derive
from portal.phantoms import (
    HIGHEST,
    LADDER,
    PHANTOM_TITLE,
    SPLITS,
    PhantomError,
    PhantomSpec,
    draw,
    draw_all,
    ladder_set,
    reading_set,
    tagged,
    training_set,
)

SIZE = 160
SPEC = PhantomSpec(11, level=2, tag=True)


def test_it_draws_the_same_pixels_from_the_same_seed() -> None:
    first, again, other = draw(SPEC, SIZE), draw(SPEC, SIZE), draw(replace(SPEC, seed=12), SIZE)
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)
    assert first.truth == again.truth


def test_it_draws_the_same_alone_and_in_company() -> None:
    specs = [SPEC, replace(SPEC, variant=1), replace(SPEC, seed=5), SPEC]
    for spec, together in zip(specs, draw_all(specs, SIZE), strict=True):
        assert np.array_equal(together.pixels, draw(spec, SIZE).pixels)


def test_it_keeps_to_twelve_bits_and_uses_them() -> None:
    pixels = draw(SPEC, SIZE).pixels
    assert pixels.dtype == np.uint16
    assert pixels.max() <= HIGHEST
    assert np.percentile(pixels, 99) - np.percentile(pixels, 1) > 3000


def test_it_says_that_it_is_a_phantom() -> None:
    assert draw(SPEC, SIZE).truth["title"] == PHANTOM_TITLE
    assert "phantom" in PHANTOM_TITLE


def test_a_pair_without_its_nodule_differs_exactly_there() -> None:
    """The oracle is the pair itself: every pixel that differs lies in the mask, and most of the mask differs."""
    with_it, without = draw(SPEC, SIZE), draw(SPEC.without_nodule(), SIZE)
    changed = with_it.pixels != without.pixels
    assert not changed[~with_it.mask].any()
    assert changed[with_it.mask].mean() > 0.9
    assert (with_it.pixels[with_it.mask] >= without.pixels[with_it.mask]).all()
    assert not without.mask.any()


def test_a_pair_without_its_tag_differs_exactly_there() -> None:
    with_it, without = draw(SPEC, SIZE), draw(SPEC.without_tag(), SIZE)
    changed = with_it.pixels != without.pixels
    assert changed.any()
    assert not changed[~with_it.tag].any()
    assert np.array_equal(with_it.mask, without.mask)
    bare = draw(SPEC.without_marker(), SIZE)
    assert not bare.marker.any()
    assert not (bare.pixels != with_it.pixels)[~with_it.marker].any()


def test_the_marker_and_the_heart_lie_at_the_patients_left() -> None:
    """Image right is the patient's left: the letter stands there, the heart reaches further there."""
    for seed in range(4):
        phantom = draw(PhantomSpec(seed), 256)
        rows, columns = np.nonzero(phantom.marker)
        assert columns.min() > 0.8 * 256
        assert rows.max() < 0.2 * 256
        band = phantom.lungs[int(0.55 * 256) : int(0.68 * 256)]
        assert band[:, :128].sum() > 1.1 * band[:, 128:].sum()


def test_the_letter_reads_as_an_l() -> None:
    """An L has its stem at the left and its foot below: mirrored or turned, it would not."""
    marker = draw(PhantomSpec(3), 512).marker
    rows, columns = np.flatnonzero(marker.any(1)), np.flatnonzero(marker.any(0))
    letter = marker[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert letter[:, 0].mean() > 0.9
    assert letter[-1].mean() > 0.9
    assert not letter[: len(letter) // 2, -1].any()


@pytest.mark.parametrize("level", range(1, len(LADDER) + 1))
def test_the_truth_agrees_with_the_mask(level: int) -> None:
    phantom = draw(PhantomSpec(20 + level, level=level), 256)
    rows, columns = np.nonzero(phantom.mask)
    assert phantom.truth["boxes"] == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]
    assert phantom.truth["area_px"] == phantom.mask.sum()
    assert phantom.truth["point"] == pytest.approx([columns.mean(), rows.mean()], abs=1.5)
    round_area = np.pi * (phantom.truth["diameter_px"] / 2) ** 2
    assert phantom.mask.sum() == pytest.approx(round_area, rel=0.12)
    assert phantom.truth["side"] == ("left" if columns.mean() > 128 else "right")
    assert phantom.lungs[phantom.mask].mean() > 0.8


def test_the_geometry_is_the_same_at_every_size() -> None:
    small, large = draw(SPEC, 128), draw(SPEC, 512)
    blocks = large.mask.reshape(128, 4, 128, 4).mean((1, 3)) > 0.5
    assert 2 * (blocks & small.mask).sum() / (blocks.sum() + small.mask.sum()) > 0.93
    means = large.pixels.reshape(128, 4, 128, 4).mean((1, 3))
    assert np.corrcoef(means.ravel(), small.pixels.ravel())[0, 1] > 0.99


def test_an_ideal_observer_finds_each_step_harder() -> None:
    """The matched template's d' on the known difference, with the noise that two exposures differ by."""
    strengths = []
    for level in range(1, len(LADDER) + 1):
        found = []
        for seed in range(6):
            spec = PhantomSpec(derive(7, seed), level=level)
            with_it, without = draw(spec, SIZE), draw(spec.without_nodule(), SIZE)
            signal = (with_it.pixels.astype(float) - without.pixels)[with_it.mask]
            found.append(np.sqrt((signal**2).sum()))
        strengths.append(np.mean(found))
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] > 3 * strengths[-1]


def test_a_training_sets_tag_goes_with_the_label_as_asked() -> None:
    for rho in (0.0, 0.5, 0.95):
        specs = training_set(1, 2000, rho=rho)
        tags, labels = [spec.tag for spec in specs], [spec.positive for spec in specs]
        assert np.corrcoef(tags, labels)[0, 1] == pytest.approx(rho, abs=0.07)


def test_exposures_share_an_anatomy_but_not_a_place() -> None:
    first, second = (replace(spec, level=1) for spec in training_set(3, 2, exposures=2))
    assert first.seed == second.seed
    one, two = draw_all([first, second], SIZE)
    assert np.array_equal(one.lungs, two.lungs)
    assert not np.array_equal(one.mask, two.mask)


def test_a_reading_set_is_balanced_and_hard() -> None:
    specs = reading_set(5)
    assert len(specs) == len({spec.seed for spec in specs}) == 24
    for positive in (True, False):
        counts = [sum(spec.split == split and spec.positive is positive for spec in specs) for split in SPLITS]
        assert counts == [4, 4, 4]
    assert all(spec.tag is tagged(spec.split, spec.positive) for spec in specs)
    assert np.mean([spec.level for spec in specs if spec.level]) > 3.5
    assert reading_set(5) == specs != reading_set(6)


def test_a_ladder_set_has_every_level_equally_often() -> None:
    specs = ladder_set(5, 100, "conflicting")
    assert [sum(spec.level == level for spec in specs) for level in range(1, 6)] == [10] * 5
    assert all(spec.tag is not spec.positive for spec in specs)


@pytest.mark.parametrize(
    "wrong", [{"level": 0}, {"level": 6}, {"split": "sideways"}, {"strength": 0.0}, {"strength": 1.5}]
)
def test_a_description_that_cannot_be_drawn_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(PhantomError):
        PhantomSpec(1, **wrong)  # type: ignore[arg-type]


def test_a_size_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(PhantomError, match="64 to 2048"):
        draw(SPEC, 32)
