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
NOT_MEASURED = {
    "processor": "Not measured yet: `make bench WRITE=docs/performance.md` measures and writes it.",
    "cuda": "Not measured on a CUDA device. Where there is one, the same command measures its figures too.",
}
HEADINGS = {"processor": "On a processor", "cuda": "On a CUDA device"}
OPENING = """# Performance

Every promise of speed or memory is a figure that `make bench` measures: a ratio of two things that run in turn within
one process, so that it means the same on another machine. Process time, one thread, the median of alternating pairs;
in brackets the lowest and the highest pair. `make bench ONLY=text` runs some of them,
`make bench WRITE=docs/performance.md` all, and writes this page.
"""

Row = tuple[Figure, Measured]


def part_of(figure: Figure) -> str:
    """Which part of the document a figure belongs to: those of a CUDA device have a group that says so."""
    return "cuda" if figure.group.startswith("CUDA") else "processor"


def written(path: Path, rows: Sequence[Row], known: Sequence[Figure]) -> list[str]:
    """Write the parts whose every figure is among `rows`; the others stay as they are. Returns what was written."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    measured = {part: [row for row in rows if part_of(row[0]) == part] for part in PARTS}
    whole = [part for part in PARTS if measured[part] and len(measured[part]) == _count(known, part)]
    parts = [_part(part, measured[part]) if part in whole else _kept(before, part) for part in PARTS]
    path.write_text("\n".join([OPENING, *parts]), encoding="utf-8")
    return whole


def circumstances(part: str) -> str:
    """Date, device, threads and versions: what a reader needs to judge the figures."""
    device = torch.cuda.get_device_name() if part == "cuda" else f"{processor()}, {os.cpu_count()} cores, 1 thread used"
    versions = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    when = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"Measured on {when}: {device}; Python {platform.python_version()}, {versions}."


def processor() -> str:
    """The processor's name."""
    names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return names[0].strip() if names else platform.machine()


def _part(part: str, rows: Sequence[Row]) -> str:
    lines = [_opens(part), f"## {HEADINGS[part]}", "", circumstances(part), ""]
    kept = sum(figure.kept(measured) for figure, measured in rows)
    lines += [f"{kept} of {len(rows)} promises kept.", ""]
    for group in dict.fromkeys(figure.group for figure, _ in rows):
        lines += [f"### {group}", "", "| figure | measured | promised | |", "|---|---|---|---|"]
        lines += [_row(figure, measured) for figure, measured in rows if figure.group == group]
        lines.append("")
    return "\n".join([*lines, _closes(part), ""])


def _row(figure: Figure, measured: Measured) -> str:
    spread = f" ({measured.low:.2f} to {measured.high:.2f})" if measured.low < measured.high else ""
    verdict = "kept" if figure.kept(measured) else "**broken**"
    return f"| {figure.title} | {measured.middle:.2f}{spread} | {figure.promise} | {verdict} |"


def _kept(before: str, part: str) -> str:
    found = re.search(f"{re.escape(_opens(part))}.*?{re.escape(_closes(part))}\n", before, re.DOTALL)
    if found:
        return found[0]
    return "\n".join([_opens(part), f"## {HEADINGS[part]}", "", NOT_MEASURED[part], "", _closes(part), ""])


def _opens(part: str) -> str:
    return f"<!-- {part}: written by make bench -->"


def _closes(part: str) -> str:
    return f"<!-- end of {part} -->"


def _count(known: Sequence[Figure], part: str) -> int:
    return sum(part_of(figure) == part for figure in known)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
