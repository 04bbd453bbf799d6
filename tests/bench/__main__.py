"""`make bench`: how fast we are, each figure a ratio of two things measured in turn within one run."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

import torch

from tests import bench
from tests.bench.document import written
from tests.bench.figures import FIGURES, Figure, Measured

NOT_FIGURES = {"__main__", "document", "figures", "peer_rows", "peers"}


def load() -> list[Figure]:
    """All figures: those of each module beside this one, in the order of the modules' names."""
    for module in sorted(found.name for found in pkgutil.iter_modules(bench.__path__)):
        if module not in NOT_FIGURES:
            importlib.import_module(f"tests.bench.{module}")
    return FIGURES


def row(figure: Figure, measured: Measured) -> str:
    """A line of the table."""
    spread = f"({measured.low:.2f}, {measured.high:.2f})" if measured.low < measured.high else ""
    verdict = "kept" if figure.kept(measured) else "broken"
    return f"{figure.title:62} {measured.middle:8.2f} {spread:20} {figure.promise:16} {verdict}"


def main() -> int:
    """Print a table; status 1 when a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", help="only figures whose group or title holds this text")
    parser.add_argument(
        "--write", type=Path, help="a Markdown file to write the table to, for example docs/performance.md"
    )
    options = parser.parse_args()
    known = load()
    chosen = [figure for figure in known if options.only.lower() in f"{figure.group} {figure.title}".lower()]
    if not chosen:
        parser.error(f"No figure holds {options.only!r}.")
    torch.set_num_threads(1)
    print("Process time, 1 thread, median of alternating pairs (lowest, highest)")
    group, broken, rows = "", 0, []
    for figure in chosen:
        if figure.group != group:
            group = figure.group
            print(f"\n{group}")
        measured = figure.run()
        rows.append((figure, measured))
        broken += not figure.kept(measured)
        print(row(figure, measured), flush=True)
        if options.write:
            written(options.write, rows, known)
    print(f"\n{len(chosen) - broken} of {len(chosen)} promises kept")
    if not torch.cuda.is_available():
        print("Not measured on a CUDA device: there is none here.")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
