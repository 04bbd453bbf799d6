"""The measured table as a document: one part for a processor, one for a CUDA device, each with its circumstances."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

import torch

from tests.bench.figures import Figure, Measured

LIBRARIES = ("torch", "monai", "numpy", "scipy", "statsmodels", "captum", "shap", "grad-cam", "quantus")
PARTS = ("processor", "cuda")
HEADINGS = {"processor": "On a processor", "cuda": "On a CUDA device"}
NO_DEVICE = "Not measured on a CUDA device. Where there is one, the same command measures its figures too."
NOT_MEASURED = "not measured"
OPENING = """# Performance

Every promise of speed or memory is a figure that `make bench` measures: a ratio of two things that run in turn within
one process, so that it means the same on another machine. Process time, one thread, the median of alternating pairs;
in brackets the lowest and the highest pair. `make bench ONLY=text` runs some of them; with
`WRITE=docs/performance.md` it writes them into this page as it goes, each with its date.
"""

Row = tuple[Figure, Measured]


def part_of(figure: Figure) -> str:
    """Which part of the document a figure belongs to: those of a CUDA device have a group that says so."""
    return "cuda" if figure.group.startswith("CUDA") else "processor"


def written(path: Path, rows: Sequence[Row], known: Sequence[Figure]) -> None:
    """Write the measured rows into the page; those of other figures stay as they are, or are said to be unmeasured."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = _lines(before)
    lines |= {(figure.group, figure.title): _row(figure, measured) for figure, measured in rows}
    today = {part_of(figure): circumstances(part_of(figure)) for figure, _ in rows}
    parts = [_part(part, lines, known, {**_circumstances(before, part), **_dated(today.get(part))}) for part in PARTS]
    path.write_text("\n".join([OPENING, *parts]), encoding="utf-8")


def circumstances(part: str) -> str:
    """Date, device, threads and versions: what a reader needs to judge the figures."""
    device = torch.cuda.get_device_name() if part == "cuda" else f"{processor()}, {os.cpu_count()} cores, 1 thread used"
    versions = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return f"* {today()}: {device}; Python {platform.python_version()}, {versions}."


def processor() -> str:
    """The processor's name."""
    names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return names[0].strip() if names else platform.machine()


def today() -> str:
    """The day on which figures are measured, UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _part(part: str, lines: dict[tuple[str, str], str], known: Sequence[Figure], circumstances: dict[str, str]) -> str:
    figures = [figure for figure in known if part_of(figure) == part]
    found = [lines[key] for key in ((figure.group, figure.title) for figure in figures) if key in lines]
    if not found:
        return f"## {HEADINGS[part]}\n\n{NO_DEVICE if part == 'cuda' else 'Not measured yet.'}\n"
    kept = sum("| kept |" in line for line in found)
    text = [f"## {HEADINGS[part]}", "", f"{kept} of {len(found)} measured promises kept, {len(figures)} made.", ""]
    text += [line for day, line in sorted(circumstances.items()) if any(f"| {day} |" in row for row in found)] + [""]
    for group in dict.fromkeys(figure.group for figure in figures):
        text += [f"### {group}", "", "| figure | measured | promised | | on |", "|---|---|---|---|---|"]
        members = [figure for figure in figures if figure.group == group]
        text += [lines.get((group, figure.title), _missing(figure)) for figure in members]
        text.append("")
    return "\n".join(text)


def _row(figure: Figure, measured: Measured) -> str:
    spread = f" ({measured.low:.2f} to {measured.high:.2f})" if measured.low < measured.high else ""
    verdict = "kept" if figure.kept(measured) else "**broken**"
    return f"| {figure.title} | {measured.middle:.2f}{spread} | {figure.promise} | {verdict} | {today()} |"


def _missing(figure: Figure) -> str:
    return f"| {figure.title} | {NOT_MEASURED} | {figure.promise} | | |"


def _lines(page: str) -> dict[tuple[str, str], str]:
    """The measured rows that a page holds, by group and title."""
    group, found = "", {}
    for line in page.splitlines():
        if line.startswith("### "):
            group = line.removeprefix("### ")
        elif line.startswith("| ") and f"| {NOT_MEASURED} |" not in line and not line.startswith("| figure |"):
            found[group, line.split(" | ")[0].removeprefix("| ")] = line
    return found


def _circumstances(page: str, part: str) -> dict[str, str]:
    """The dated lines of a part, by day."""
    section = page.partition(f"## {HEADINGS[part]}\n")[2].partition("\n## ")[0]
    return {day: line for line in section.splitlines() for day in re.findall(r"^\* (\d{4}-\d\d-\d\d):", line)}


def _dated(line: str | None) -> dict[str, str]:
    return {today(): line} if line else {}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
