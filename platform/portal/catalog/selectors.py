"""Reading cases, their pixels and their reference standard."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from portal.catalog.errors import UnknownDataset
from portal.catalog.models import Approval, Case, Dataset, Image, ReferenceStandard
from portal.storage import get_array


def dataset_of(slug: str) -> Dataset:
    """The dataset of this slug; UnknownDataset where there is none."""
    found = Dataset.objects.filter(slug=slug).first()
    if found is None:
        there = ", ".join(Dataset.objects.values_list("slug", flat=True)) or "none"
        raise UnknownDataset(f"There is no dataset {slug!r}; there are: {there}.")
    return found


def approved_cases(dataset: Dataset) -> QuerySet[Case]:
    """The cases that a reader may see."""
    return dataset.cases.filter(approval=Approval.APPROVED)


def approved_images(dataset: Dataset) -> QuerySet[Image]:
    """The images of the cases that a reader may see, in the order of their cases."""
    return (
        Image.objects.filter(case__dataset=dataset, case__approval=Approval.APPROVED)
        .select_related("case")
        .order_by("case__slug", "index")
    )


def waiting_cases() -> QuerySet[Case]:
    """The cases that wait in quarantine for a person's decision."""
    return Case.objects.filter(approval=Approval.QUARANTINED).select_related("dataset")


def image_pixels(image: Image) -> NDArray[Any]:
    """Stored pixels `(slices, rows, columns)` or `(slices, rows, columns, 3)`."""
    return get_array(image.array)


def reference_standard(case: Case) -> ReferenceStandard | None:
    """The first reference standard of a case; None where nothing is known."""
    return case.reference_standards.first()


def reference_mask(image: Image) -> NDArray[np.bool_] | None:
    """What is true of an image, `(rows, columns)`: all False where nothing is there, None where it is not known."""
    standard = reference_standard(image.case)
    if standard is None or image.index != 0:
        return None
    if standard.mask:
        mask: NDArray[np.bool_] = get_array(standard.mask).astype(bool)
        return mask
    return np.zeros((image.rows, image.columns), bool) if standard.label == 0 else None
