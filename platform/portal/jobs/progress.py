"""Progress of long work as a bar on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from portal.jobs.registry import Progress


@contextmanager
def bar(title: str, unit: str) -> Iterator[Progress]:
    """A progress bar on standard error, drawn from `progress(done, total, message)`."""
    with tqdm(desc=title, unit=unit, dynamic_ncols=True) as shown:

        def progress(done: int, total: int, message: str = "") -> None:
            if shown.total is None and done > 1:  # what was there before tells nothing of the time that is left
                shown.initial = shown.n = shown.last_print_n = done
            shown.total = total
            shown.set_postfix_str(message, refresh=False)
            shown.update(done - shown.n)

        yield progress
