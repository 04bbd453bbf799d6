"""ROAD: imputation against a sparse direct solver, removal by hand, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve
from torch import Tensor, nn
from torch.nn import functional

from evaluation.metrics import MetricError, registry
from evaluation.metrics.imputation import imputed
from evaluation.metrics.multigrid import prolonged, restricted
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.evaluation.metrics.networks import Constant, Linear, classifier, segmenter


def by_sparse_solver(image: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Oracle: the equations of Rong et al., written down pixel by pixel and solved by SuperLU; `(H, W)`."""
    height, width = image.shape
    places = [tuple(place) for place in np.argwhere(removed)]
    number = {place: index for index, place in enumerate(places)}
    matrix, known = np.zeros((len(places), len(places))), np.zeros(len(places))
    for (row, column), index in number.items():
        for down, across in ((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)):
            neighbour = (row + down, column + across)
            if not (0 <= neighbour[0] < height and 0 <= neighbour[1] < width):
                continue
            weight = 1 / 12 if down and across else 1 / 6
            matrix[index, index] += weight
            if neighbour in number:
                matrix[index, number[neighbour]] -= weight
            else:
                known[index] += weight * image[neighbour]
    filled = image.copy()
    filled[removed] = spsolve(csc_matrix(matrix), known)
    return filled


def removed_by(kind: str, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    if kind == "scattered":
        return torch.rand(height, width, generator=generator) < 0.6
    if kind == "all but one":
        removed = torch.ones(height, width, dtype=torch.bool)
        removed[height // 3, width // 2] = False
        return removed
    coarse = torch.randn(1, 1, 3, 3, generator=generator)
    return functional.interpolate(coarse, (height, width), mode="bilinear")[0, 0] > 0


@pytest.mark.parametrize("kind", ["scattered", "all but one", "patches"])
@pytest.mark.parametrize("sides", [(32, 32), (31, 17), (1, 9), (5, 3), (40, 22)])
def test_imputation_equals_a_sparse_direct_solver(kind: str, sides: tuple[int, int]) -> None:
    images = torch.randn(1, 3, *sides, generator=torch.Generator().manual_seed(1)) * 50 + 1000
    removed = removed_by(kind, *sides)
    wanted = np.stack([by_sparse_solver(channel.double().numpy(), removed.numpy()) for channel in images[0]])
    found = imputed(images, removed[None])
    spread = float(images.max() - images.min())
    torch.testing.assert_close(found[0].double(), torch.from_numpy(wanted), rtol=0, atol=2e-4 * spread)
    assert torch.equal(found[0][:, ~removed], images[0][:, ~removed])


def test_a_plane_is_filled_in_exactly() -> None:
    """Linear imputation reproduces linear images away from the edge."""
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(30.0), indexing="ij")
    images = (2 * rows - 3 * columns)[None, None]
    removed = torch.zeros(1, 40, 30, dtype=torch.bool)
    removed[:, 5:35, 4:25] = True
    torch.testing.assert_close(imputed(images, removed), images, rtol=0, atol=5e-3)


def test_imputation_with_nothing_or_everything_removed() -> None:
    images = torch.randn(2, 2, 6, 7)
    nothing = torch.zeros(2, 6, 7, dtype=torch.bool)
    assert torch.equal(imputed(images, nothing), images)
    means = images.mean((2, 3), keepdim=True).expand_as(images)
    torch.testing.assert_close(imputed(images, ~nothing), means)
    flat = torch.full((1, 1, 6, 7), 4.0)
    assert torch.equal(imputed(flat, removed_by("scattered", 6, 7)[None]), flat)


def test_imputation_of_an_image_does_not_depend_on_the_others_or_on_memory() -> None:
    """Bit by bit: easy and hard systems stop by themselves."""
    images = torch.randn(3, 2, 33, 28)
    removed = torch.stack([removed_by(kind, 33, 28) for kind in ("scattered", "patches", "all but one")])
    together = imputed(images, removed)
    for place in range(3):
        alone = imputed(images[place : place + 1], removed[place : place + 1])[0]
        torch.testing.assert_close(alone, together[place], rtol=0, atol=1e-5)
    torch.testing.assert_close(imputed(images, removed, memory_mb=0.01), together, rtol=0, atol=1e-5)


def test_coarse_and_fine_grids_are_each_others_transpose() -> None:
    """Conjugate gradients need a symmetric preconditioner: <restricted(f), c> = <f, prolonged(c)>."""
    for height, width in ((8, 6), (7, 6), (9, 11)):
        fine = torch.randn(2, height, width, dtype=torch.float64)
        coarse = torch.randn(2, (height + 1) // 2, (width + 1) // 2, dtype=torch.float64)
        first = (restricted(fine) * coarse).sum()
        torch.testing.assert_close(first, (fine * prolonged(coarse, fine.shape[1:])).sum())


def road(model: nn.Module, images: Tensor, maps: Tensor, target: Target, seed: int = 0, **fields: object) -> Tensor:
    return registry.build("road", {"noise": 0.0, **fields}).score(model, images, maps, target, seed=seed)


@pytest.mark.parametrize("task", ["class", "region"])
def test_it_equals_a_plain_loop(task: str) -> None:
    """Oracle: pixels removed by sorting, filled in by the sparse solver, one image, share and order at a time."""
    generator = torch.Generator().manual_seed(5)
    images, maps = torch.randn(2, 2, 9, 8, generator=generator), torch.randn(2, 9, 8, generator=generator)
    region = torch.rand(2, 9, 8, generator=generator) > 0.5
    model = (classifier() if task == "class" else segmenter()).eval()
    target: Target = ClassTarget(1) if task == "class" else RegionTarget(1, region)
    found = road(model, images, maps, target, percentages=(20.0, 55.0))
    for index in range(2):
        one = target if task == "class" else RegionTarget(1, region[index : index + 1])
        differences = []
        for percent in (20, 55):
            outputs = {}
            for order, descending in (("most", True), ("least", False)):
                first = maps[index].flatten().argsort(descending=descending)[: int(72 * percent / 100)]
                removed = torch.zeros(72, dtype=torch.bool)
                removed[first] = True
                where = removed.view(9, 8).numpy()
                filled = [by_sparse_solver(channel.double().numpy(), where) for channel in images[index]]
                with torch.no_grad():
                    outputs[order] = float(one(model(torch.from_numpy(np.stack(filled))[None].float())))
            differences.append(outputs["least"] - outputs["most"])
        assert float(found[index]) == pytest.approx(sum(differences) / 2, abs=1e-4)


def test_the_most_influential_pixels_go_with_all_their_channels() -> None:
    """A bright pixel in three channels, gone under the first share and filled in from zeros; the rest stays."""
    images = torch.zeros(1, 3, 5, 5)
    images[:, :, 2, 2] = 1.0
    model, maps = Linear(torch.ones(1, 3, 5, 5)), torch.arange(25.0).view(1, 5, 5) + 100 * images[:, 0]
    score = road(model, images, maps, ClassTarget(0), percentages=(4.0,))
    torch.testing.assert_close(score, torch.tensor([3.0]))
    torch.testing.assert_close(road(model, images, -maps, ClassTarget(0), percentages=(4.0,)), -score)


def test_a_constant_map_scores_nothing() -> None:
    images = torch.randn(2, 1, 9, 8)
    metric = registry["road"]()
    scores = metric.score(Linear(torch.randn(1, 1, 9, 8)), images, torch.ones(2, 9, 8), ClassTarget(0))
    torch.testing.assert_close(scores, torch.zeros(2), rtol=0, atol=1e-5)


def test_tied_pixels_are_removed_in_equal_parts() -> None:
    """Three tied pixels, one of which falls under the share: each is faded by a third towards its imputed value."""
    images = torch.tensor([[[[6.0, 0.0, 3.0], [0.0, 0.0, 0.0], [9.0, 0.0, 0.0]]]])
    maps = (images[:, 0] > 0).float()
    weights = torch.randn(1, 1, 3, 3)
    filled = imputed(images, maps > 0)
    most = images + (filled - images) / 3
    least_ranks = imputed(images, maps == 0)
    least = images + (least_ranks - images) / 6
    wanted = ((least - most) * weights).sum()
    score = road(Linear(weights), images, maps, ClassTarget(0), percentages=(12.0,))
    torch.testing.assert_close(score[0], wanted, rtol=1e-4, atol=1e-5)


def test_a_fully_removed_image_is_its_channels_means() -> None:
    """Both orders end in the same picture, so the share of 100 % adds nothing."""
    images, maps = torch.randn(1, 2, 6, 5), torch.randn(1, 6, 5)
    model = classifier()
    part = road(model, images, maps, ClassTarget(0), percentages=(30.0,))
    torch.testing.assert_close(road(model, images, maps, ClassTarget(0), percentages=(30.0, 100.0)), part / 2)


def test_the_seed_decides_the_noise() -> None:
    """The score of a linear network moves by the weighted noise, whose spread follows from the weights."""
    generator = torch.Generator().manual_seed(0)
    images, maps = torch.randn(1, 1, 12, 12, generator=generator), torch.randn(1, 12, 12, generator=generator)
    model = Linear(torch.ones(1, 1, 12, 12))
    clean = road(model, images, maps, ClassTarget(0), percentages=(50.0,))
    noisy = [road(model, images, maps, ClassTarget(0), seed, noise=0.5, percentages=(50.0,)) for seed in range(60)]
    differences = torch.cat(noisy) - clean
    assert torch.equal(noisy[3], road(model, images, maps, ClassTarget(0), 3, noise=0.5, percentages=(50.0,)))
    assert abs(float(differences.mean())) < 3 * 6 / 60**0.5
    assert float(differences.std()) == pytest.approx(0.5 * 144**0.5, rel=0.3)


def test_a_constant_network_scores_nothing() -> None:
    scores = road(Constant(torch.tensor([[2.0, 1.0]])), torch.randn(2, 1, 7, 9), torch.randn(2, 7, 9), ClassTarget(1))
    torch.testing.assert_close(scores, torch.zeros(2))


@pytest.mark.parametrize("percentages", [(), (0.0,), (101.0,)])
def test_impossible_shares_are_refused(percentages: tuple[float, ...]) -> None:
    with pytest.raises(MetricError, match="percentages"):
        registry.build("road", {"percentages": percentages})
