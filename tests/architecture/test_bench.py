"""The bench's document: what has been measured stands with its day, what has not is said to be unmeasured."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.bench import cuda, document
from tests.bench.figures import Figure, Measured


def fixed(group: str, title: str, value: float, at_least: float = 1.0) -> Figure:
    return Figure(group, title, lambda: value, at_least, at_most=False)


FAST = fixed("CAM", "faster than a peer", 3.0)
SLOW = fixed("CAM", "slower than promised", 0.5)
DEVICE = fixed("CUDA: throughput", "occlusion", 0.9, 0.85)


def rows(*figures: Figure) -> list[tuple[Figure, Measured]]:
    return [(figure, figure.run()) for figure in figures]


def test_figures_are_written_with_their_day_and_circumstances(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    document.written(page, rows(FAST, SLOW), [FAST, SLOW, DEVICE])
    text = page.read_text()
    assert f"| faster than a peer | 3.00 | at least 1 | kept | {document.today()} |" in text
    assert "| slower than promised | 0.50 | at least 1 | **broken** |" in text
    assert "1 of 2 measured promises kept, 2 made." in text
    assert "Not measured on a CUDA device" in text
    assert f"torch {torch.__version__}" in text
    assert document.processor() in text


def test_figures_left_out_stay_as_they_were_or_are_said_to_be_unmeasured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    other = fixed("LRP", "over a pass", 2.0)
    monkeypatch.setattr(document, "today", lambda: "2026-01-02")
    document.written(page, rows(FAST), [FAST, SLOW, other])
    assert "| slower than promised | not measured | at least 1 | | |" in page.read_text()
    monkeypatch.undo()
    document.written(page, rows(other), [FAST, SLOW, other])
    text = page.read_text()
    assert "| faster than a peer | 3.00 | at least 1 | kept | 2026-01-02 |" in text
    assert f"| over a pass | 2.00 | at least 1 | kept | {document.today()} |" in text
    assert "* 2026-01-02: " in text
    document.written(page, rows(fixed("CAM", "faster than a peer", 0.2), other), [FAST, other])
    assert "2026-01-02" not in page.read_text()


def test_a_figure_of_a_device_belongs_to_a_part_of_its_own() -> None:
    assert document.part_of(DEVICE) == "cuda"
    assert document.part_of(FAST) == "processor"


def test_the_share_is_the_bare_time_over_ours_after_one_pair_to_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter([100.0, 1.0, *[2.0, 4.0] * 3])  # bare, ours, bare, ours, ...
    monkeypatch.setattr(cuda, "elapsed", lambda act, device: next(spent))
    assert cuda.share(lambda: None, lambda: None, torch.device("cpu"), repeats=3) == 0.5


def test_the_bare_passes_are_as_many_as_a_method_needs() -> None:
    class Counting(torch.nn.Module):
        seen = 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.seen += len(images)
            return images.mean((2, 3))

    model = Counting()
    cuda.forwards(model, torch.zeros(1, 1, 8, 8), 730)()
    assert model.seen == 730
