"""Regions made from masks, each against a mask drawn by hand or a definition written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from foundation import regions
from foundation.targets import RegionTarget


def drawn(*rows: str) -> Tensor:
    return torch.tensor([[place == "#" for place in row] for row in rows])[None]


def test_the_predicted_region_is_where_the_channel_is_highest_or_positive_alone() -> None:
    output = torch.tensor([[[[1.0, 2.0], [0.0, -1.0]], [[0.0, 3.0], [0.5, -2.0]]]])
    assert torch.equal(regions.predicted(output, 1), torch.tensor([[[False, True], [True, False]]]))
    assert torch.equal(regions.predicted(output[:, :1], 0), torch.tensor([[[True, True], [False, False]]]))
    with pytest.raises(ValueError, match="Channel 2 is out of range"):
        regions.predicted(output, 2)
    with pytest.raises(ValueError, match=r"logits \(B, K, H, W\)"):
        regions.predicted(output[0], 0)


def test_components_come_by_size_and_touch_at_corners() -> None:
    mask = drawn("#...##", ".#..##", ".....#", "#.....", ".....#")
    assert torch.equal(regions.component(mask), drawn("....##", "....##", ".....#", "......", "......"))
    assert torch.equal(regions.component(mask, 2), drawn("#.....", ".#....", "......", "......", "......"))
    assert torch.equal(regions.component(mask, 3), drawn("......", "......", "......", "#.....", "......"))
    assert torch.equal(regions.component(mask, 4), drawn("......", "......", "......", "......", ".....#"))
    assert not regions.component(mask, 5).any()
    with pytest.raises(ValueError, match="rank is 1 for the largest"):
        regions.component(mask, 0)


def test_the_images_of_a_batch_are_treated_apart() -> None:
    first, second = drawn("##..", "....", "...#"), drawn("...#", "..#.", "#...")
    together = regions.component(torch.cat([first, second]))
    assert torch.equal(together, torch.cat([regions.component(first), regions.component(second)]))


@pytest.mark.parametrize("width", [1, 1.5, 2, 3])
def test_the_boundary_band_is_what_lies_within_a_distance_of_the_other_side(width: float) -> None:
    # Oracle: all pairs of pixels.
    mask = torch.rand((2, 9, 11), generator=torch.Generator().manual_seed(0)) > 0.7
    mask[1, 2:8, 3:10] = True
    found = regions.boundary(mask, width)
    rows, columns = np.meshgrid(np.arange(9), np.arange(11), indexing="ij")
    for image, band in zip(mask.numpy(), found.numpy(), strict=True):
        for row, column in np.ndindex(image.shape):
            other = image != image[row, column]
            distance = np.hypot(rows[other] - row, columns[other] - column).min()
            assert band[row, column] == (distance <= width)


def test_a_mask_without_an_outline_has_no_boundary_band() -> None:
    assert not regions.boundary(torch.zeros(1, 5, 5, dtype=torch.bool), 2).any()
    assert not regions.boundary(torch.ones(1, 5, 5, dtype=torch.bool), 2).any()
    with pytest.raises(ValueError, match="at least 1 pixel wide"):
        regions.boundary(torch.ones(1, 5, 5, dtype=torch.bool), 0.5)


def test_false_positives_and_negatives_part_what_two_masks_disagree_on() -> None:
    prediction, truth = drawn("##..", "##.."), drawn(".##.", ".##.")
    assert torch.equal(regions.false_positive(prediction, truth), drawn("#...", "#..."))
    assert torch.equal(regions.false_negative(prediction, truth), drawn("..#.", "..#."))
    with pytest.raises(ValueError, match="does not fit"):
        regions.false_positive(prediction, truth[:, :1])


def test_a_region_target_lies_over_any_of_them_and_refuses_an_empty_one() -> None:
    model = nn.Conv2d(1, 2, 1)
    images = torch.rand(2, 1, 6, 6)
    mask = torch.zeros((2, 6, 6), dtype=torch.bool)
    mask[0, 1:3, 1:3] = True
    mask[1, 4, 4] = True
    band = regions.boundary(mask, 1)
    target = RegionTarget(1, band).bind(model, images)
    output = model(images)
    torch.testing.assert_close(target(output), torch.stack([output[i, 1][band[i]].sum() for i in range(2)]))
    with pytest.raises(ValueError, match="image 1 is empty"):
        RegionTarget(1, regions.component(mask & mask[:1], 1)).bind(model, images)
