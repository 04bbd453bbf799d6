"""Remembered outputs: what counts as the same input, how much is kept, and for whom a value holds."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from foundation.forwards import Forwards
from foundation.remembered import ENTRY_BYTES, Remembered, content_keys, linear_words
from foundation.targets import ClassTarget, RegionTarget


class _Counting(nn.Module):
    """Means over the image's quarters as four classes, or the image itself as two channels of logits."""

    def __init__(self, segments: bool) -> None:
        super().__init__()
        self.segments, self.seen = segments, 0

    def forward(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        if self.segments:
            return torch.cat([images, images.square()], 1)
        return nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)


def pictures(count: int = 3) -> Tensor:
    return torch.rand((count, 1, 8, 8), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_keys_are_equal_exactly_where_the_pixels_are(dtype: torch.dtype) -> None:
    # Images of few distinct values, as masks make them, are where a weak hash would fail first.
    bits = torch.tensor(list(itertools.product([0.0, 1.0], repeat=12))).view(-1, 1, 3, 4).to(dtype)
    for keys in (content_keys(bits), [bytes(row.numpy()) for row in linear_words(bits.flatten(1))]):
        assert len(set(keys)) == len(bits)
        assert {len(key) for key in keys} == {16}
    assert content_keys(bits) == content_keys(bits.clone().to(memory_format=torch.channels_last))
    assert content_keys(-bits[:1]) == content_keys(bits[:1])


@pytest.mark.parametrize("size", [1, 4, 32])
def test_inputs_that_are_asked_for_again_do_not_run_again(size: int) -> None:
    model, images = _Counting(segments=False), pictures()
    forwards = Forwards(model, images)
    model.seen, forwards.size = 0, size
    target = ClassTarget(torch.tensor([0, 1, 3]))

    def faded(image: Tensor, item: Tensor) -> Tensor:
        return images[image] * (item % 3)[:, None, None, None]  # 0, 1 and 2 times; zero times is the same for all

    found = forwards.stream(images, target, 6, faded)
    assert model.seen == 7
    expected = torch.stack([target(model(images * factor)) for factor in (0, 1, 2, 0, 1, 2)], 1)
    torch.testing.assert_close(found, expected)

    model.seen = 0
    torch.testing.assert_close(
        forwards.stream(images, ClassTarget(2).bind(model, images), 6, faded)[0, 1], images[0, 0, 4:, :4].mean()
    )
    assert model.seen == 0


def test_a_regions_value_is_its_own() -> None:
    model, images = _Counting(segments=True), pictures()
    forwards = Forwards(model, images)
    model.seen = 0
    mask = torch.arange(3 * 64).view(3, 8, 8) % 5 < 2
    target, other = RegionTarget(0, mask), RegionTarget(0, ~mask)
    wanted = (images[:, 0] * mask).sum((1, 2))

    def ask(which: RegionTarget, chosen: list[int]) -> Tensor:
        index = torch.tensor(chosen)
        return forwards.stream(images[index], which, 1, lambda image, _: images[index][image], places=index)[:, 0]

    torch.testing.assert_close(ask(target, [0, 1, 2]), wanted)
    torch.testing.assert_close(ask(target, [2, 0]), wanted[[2, 0]])
    assert model.seen == 3
    torch.testing.assert_close(ask(other, [1, 2]), (images[:, 0] * ~mask).sum((1, 2))[1:])
    assert model.seen == 5
    same_content = images[:1].expand(3, -1, -1, -1)
    found = forwards.stream(same_content, target, 1, lambda image, _: same_content[image])[:, 0]
    torch.testing.assert_close(found, (images[:1, 0] * mask).sum((1, 2)))


def test_values_of_many_targets_are_told_apart() -> None:
    model, images = _Counting(segments=True), pictures(1)
    forwards = Forwards(model, images)
    for _ in range(2):
        for row in range(8):
            for column in range(8):
                mask = torch.zeros((1, 8, 8), dtype=torch.bool)
                mask[0, row, column] = True
                found = forwards.stream(images, RegionTarget(0, mask), 1, lambda image, _: images[image])
                assert float(found) == float(images[0, 0, row, column])


def test_unknown_inputs_run_in_full_chunks() -> None:
    model, images = _Counting(segments=False), pictures(1)
    sizes: list[int] = []
    forwards = Forwards(model, images)
    model.register_forward_hook(lambda module, arguments, output: sizes.append(len(output)))
    forwards.size = 4
    known = torch.arange(0, 40, 2)
    target = ClassTarget(0).bind(model, images)
    forwards.stream(images, target, 20, lambda image, item: images[image] * known[item][:, None, None, None])
    assert sizes == [4] * 5
    forwards.stream(images, target, 40, lambda image, item: images[image] * item[:, None, None, None])
    assert sizes == [4] * 10


def test_the_oldest_is_forgotten_first_and_the_bound_holds() -> None:
    known = Remembered(10 * (ENTRY_BYTES + 4 * 3), width=3)
    for start in range(0, 30, 6):
        known.keep([*range(start, start + 6)], torch.arange(start, start + 6.0)[:, None].expand(6, 3))
    assert len(known) == 10
    assert [key for key in range(30) if key in known] == [*range(20, 30)]
    assert torch.equal(known.recall([29, 20, 23]), torch.tensor([29.0, 20, 23])[:, None].expand(3, 3))
    nothing = Remembered(10, width=3)
    nothing.keep([1], torch.zeros(1, 3))
    assert 1 not in nothing
