"""What a probe says of a network's memory, beside what can be counted by hand."""

from __future__ import annotations

import pytest
import torch
from monai.networks.nets.densenet import DenseNet
from torch import Tensor, nn

from foundation.forwards import COPIES, Forwards, chunk_size
from foundation.probing import Results, probe

IMAGE = torch.rand(1, 1, 16, 16)
PLANE = 16 * 16 * 4  # bytes of one channel


class _Functional(nn.Module):
    """Grows by functions alone: 4 channels, their rectified copy, 8 concatenated, and a skip kept to the end."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 1, 3, 3))

    def forward(self, images: Tensor) -> Tensor:
        kept = nn.functional.conv2d(images, self.weight, padding=1)
        both = torch.cat([kept, nn.functional.relu(kept)], 1)
        both = both.abs()
        return both[:, :2].sum((2, 3)) + kept[:, :2].mean((2, 3))


def test_functions_and_concatenations_count() -> None:
    seen = probe(_Functional().eval(), IMAGE)
    # Made: 4 + 4 + 8 + 8 planes and three results of two numbers. At once: the skip, and the 8 before and after abs.
    assert seen.made == 24 * PLANE + 3 * 8
    assert seen.live == 20 * PLANE
    assert seen.largest == 8 * PLANE


def test_what_is_done_in_place_or_seen_as_a_view_counts_once() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU(inplace=True), nn.Dropout(), nn.Identity(), nn.Flatten())
    seen = probe(model.eval(), IMAGE)
    assert seen.made == seen.live == seen.largest == 4 * PLANE


def test_what_a_dense_network_concatenates_is_charged_while_it_stands() -> None:
    model = DenseNet(2, 1, 3, init_features=8, growth_rate=4, block_config=(2, 2)).eval()
    seen = probe(model, torch.rand(1, 1, 64, 64))
    leaves = []
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda module, arguments, output: leaves.append(output.nbytes))
    model(torch.rand(1, 1, 64, 64))
    assert seen.largest == max(leaves)
    assert max(leaves) < seen.live < seen.made
    assert seen.made < sum(leaves) + 4 * max(leaves)


def test_a_network_of_functions_gets_smaller_chunks_for_less_memory() -> None:
    model, images = _Functional().eval(), torch.rand(1, 1, 256, 256)
    charge = (20 * 256 * 256 * 4 + COPIES * images.nbytes) / 2**20
    assert Forwards(model, images, 3.2 * charge * 16 / 15).size == 3
    assert chunk_size(model, images, 3.2 * charge) < 3


def test_the_count_is_of_what_stands_at_once() -> None:
    with Results() as results:
        first = torch.ones(1000)
        second = first + 1
        assert results.live == 8000
        del first
        assert results.live == 4000
        third = second[:10].clone()
        del second, third
    assert results.live == 0
    assert results.peak == 8000
    assert results.made == 8040


@pytest.mark.parametrize("name", ["running_mean", "weight"])
def test_a_norm_that_is_read_by_keyword_or_has_no_statistics_is_not_folded(name: str) -> None:
    norm = nn.BatchNorm2d(4, track_running_stats=name != "running_mean", affine=name != "weight")
    model = nn.Sequential(nn.Conv2d(1, 4, 3), norm).eval()
    assert probe(model, IMAGE).pairs == ((("0", "1"),) if name == "weight" else ())
