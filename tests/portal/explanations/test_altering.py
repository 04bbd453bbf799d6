"""Regions are taken out where they should be, and the network is really asked again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.catalog.models import Dataset
from portal.catalog.selectors import approved_images
from portal.explanations.alterations import altered, region_for
from portal.explanations.altering import alter_images
from portal.explanations.models import Alteration
from portal.networks.models import Network
from portal.networks.preprocessing import prepare as prepared_pixels
from portal.networks.selectors import preprocessing_of
from portal.networks.work import load_network
from portal.storage import get_array

MASK = np.zeros((60, 80), dtype=bool)
MASK[20:30, 40:55] = True


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([None, MASK, np.zeros((60, 80), bool)]))
def test_a_region_lies_within_the_image(seed: int, mask: np.ndarray | None) -> None:
    left, top, right, bottom = region_for(mask, 60, 80, seed)
    assert 0 <= left < right <= 80
    assert 0 <= top < bottom <= 60


def test_as_many_regions_miss_the_finding_as_cover_it() -> None:
    covered = [
        MASK[box[1] : box[3], box[0] : box[2]].sum() for box in (region_for(MASK, 60, 80, n) for n in range(200))
    ]
    assert set(covered) == {0, MASK.sum()}
    assert 70 <= sum(each > 0 for each in covered) <= 130


@pytest.mark.parametrize("fill", ["tissue", "blur"])
@pytest.mark.parametrize("box", [(10, 10, 30, 25), (0, 0, 12, 9), (60, 50, 80, 60)])
def test_only_the_box_changes(fill: str, box: tuple[int, int, int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 4096, (60, 80)).astype(np.uint16)
    made = altered(pixels, box, fill)  # type: ignore[arg-type]
    inside = np.zeros((60, 80), dtype=bool)
    inside[box[1] : box[3], box[0] : box[2]] = True
    assert made.dtype == pixels.dtype
    assert (made[~inside] == pixels[~inside]).all()
    assert made[inside].std() < 0.6 * pixels[inside].std()


def test_tissue_continues_a_plane_exactly() -> None:
    """A slope solves Laplace's equation, so that it is its own continuation."""
    slope = np.add.outer(2.0 * np.arange(60), 3.0 * np.arange(80))
    broken = slope.copy()
    broken[20:30, 40:55] = 0
    np.testing.assert_allclose(altered(broken, (40, 20, 55, 30), "tissue"), slope, atol=0.05)


@pytest.mark.django_db
@pytest.mark.db
def test_the_network_is_run_on_the_altered_image(classifier: Network, phantoms: Dataset) -> None:
    """Oracle: the network called directly on pixels altered here."""
    assert alter_images(classifier, phantoms, "tissue", seed=5) == 4
    assert alter_images(classifier, phantoms, "tissue", seed=5) == 0
    model = load_network(classifier)
    for image in approved_images(phantoms):
        stored = Alteration.objects.get(image=image)
        pixels = get_array(image.array)[0]
        changed = altered(pixels, tuple(stored.box), "tissue")
        np.testing.assert_array_equal(get_array(stored.array)[0], changed)
        for seen, said in ((pixels, stored.before), (changed, stored.after)):
            tensor = torch.from_numpy(prepared_pixels(seen, preprocessing_of(classifier)))[None]
            with torch.inference_mode():
                logits = model(tensor)
            assert logits.softmax(1)[0, classifier.target_class].item() == pytest.approx(said, abs=1e-6)
    assert any(each.before != each.after for each in Alteration.objects.all())
