"""What readers marked beside what the others marked: agreement in the long table, and the human benchmark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from portal.catalog.models import Image
from studies.tasks.consensus import against_others, consensus
from studies.tasks.regions import Mask, rasterise, read_regions

Row = dict[str, Any]
Place = tuple[str, str]
"""A case: its dataset and its own name."""
TASK = "annotation"
OTHERS = "answer.others-iou"
"""Overlap with the region that most of the other readers marked: the human benchmark of `answer.map-iou`."""


def join_agreement(rows: list[Row], cases: Iterable[int]) -> None:
    """Give each reader's first outline of a case its overlap with those of the others; changes the rows."""
    by_case = _first_rows(rows)
    sizes = _sizes(cases) if by_case else {}
    for place, own in by_case.items():
        masks = [mask_of(row, sizes[place]) for row in own.values()]
        for row, found in zip(own.values(), against_others(masks), strict=True):
            if found is not None and row["question"] == "region":
                row[OTHERS] = found


def consensus_regions(rows: list[Row], cases: Iterable[int], share: float = 0.5) -> dict[Place, Mask]:
    """By case, the region that more than this share of the readers marked: empty where most saw nothing.

    `rows` are those of the long table, `cases` the keys of the cases that are wanted. Such a region can be imported as
    maps made elsewhere, and so become an arm.
    """
    sizes = _sizes(cases)
    return {
        place: consensus([mask_of(row, sizes[place]) for row in own.values()], share)
        for place, own in _first_rows(rows).items()
        if place in sizes
    }


def mask_of(row: Mapping[str, Any], size: tuple[int, int]) -> Mask:
    """What a row marks, as a mask of this many rows and columns; nothing where the reader saw no finding."""
    return rasterise(read_regions(row["answer"]) if row["question"] == "region" else (), *size)


def _first_rows(rows: list[Row]) -> dict[Place, dict[str, Row]]:
    """By case and reader, the row of the first outline, or of the answer that there is nothing."""
    found: dict[Place, dict[str, Row]] = defaultdict(dict)
    for row in sorted((row for row in rows if row["task"] == TASK), key=lambda row: int(row["occurrence"])):
        marks = row["question"] == "region" or row["answer"] == "no"
        if marks:
            found[row["dataset"], row["case"]].setdefault(row["reader"], row)
    return found


def _sizes(cases: Iterable[int]) -> dict[Place, tuple[int, int]]:
    images = Image.objects.filter(case__in=set(cases), index=0)
    facts = images.values_list("case__dataset__slug", "case__slug", "rows", "columns")
    return {(dataset, case): (rows, columns) for dataset, case, rows, columns in facts}
