"""The phantom reading set as a dataset of cases: synthetic, with known truth, labelled as phantoms."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Count

from portal.accounts.models import User
from portal.audit.services import record
from portal.catalog.models import Approval, Case, Dataset, Image, ReferenceStandard
from portal.jobs.registry import Progress
from portal.phantoms import FIELD_OF_VIEW_MM, HIGHEST, PHANTOM_NOTES, PHANTOM_TITLE, Phantom, draw, reading_set
from portal.storage import put_array

SLUG = "phantom-reading"
SEED = 20_261_123
CASES = 24
SIZE = 512
FINDING = "nodule"


def store_reading_set(
    *,
    seed: int = SEED,
    cases: int = CASES,
    size: int = SIZE,
    slug: str = SLUG,
    actor: User | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Draw and store the reading set, case by case; what an interrupted call has stored is not drawn again."""
    dataset = _dataset(slug, actor)
    whole = dataset.cases.annotate(stored=Count("images")).filter(stored__gt=0)
    there = set(whole.values_list("slug", flat=True))
    for number, spec in enumerate(reading_set(seed, cases), start=1):
        name = f"phantom-{number:03d}"
        if name not in there:
            _store(dataset, name, draw(spec, size))
        if progress:
            progress(number, cases, name)
    return dataset


@transaction.atomic
def _dataset(slug: str, actor: User | None) -> Dataset:
    dataset, created = Dataset.objects.get_or_create(
        slug=slug,
        defaults={
            "title": "Chest phantoms to read",
            "description": f"{PHANTOM_TITLE}. {PHANTOM_NOTES}",
            "source": "Drawn by portal.phantoms from a seed",
            "licence": "Apache-2.0",
            "is_phantom": True,
        },
    )
    if created:
        record(actor=actor, action="dataset.created", subject=dataset, slug=slug, phantom=True)
    return dataset


@transaction.atomic
def _store(dataset: Dataset, name: str, phantom: Phantom) -> None:
    case = Case(
        dataset=dataset,
        slug=name,
        patient=name,
        modality="DX",
        body_part="CHEST",
        split=phantom.spec.split,
        is_phantom=True,
        attributes=_attributes(phantom),
        approval=Approval.APPROVED,
    )
    case.full_clean()
    case.save()
    _store_image(case, phantom)
    _store_truth(case, phantom)


def _attributes(phantom: Phantom) -> dict[str, Any]:
    truth = phantom.truth
    return {
        "size": truth.get("diameter_mm"),
        "cnr": truth.get("cnr"),
        "side": truth.get("side"),
        "marker": phantom.spec.tag,
        "level": phantom.spec.level,
        "level_title": truth.get("level_title"),
    }


def _store_image(case: Case, phantom: Phantom) -> None:
    rows, columns = phantom.pixels.shape
    image = Image(
        case=case,
        array=put_array(phantom.pixels[None]),
        rows=rows,
        columns=columns,
        bits=12,
        row_spacing=FIELD_OF_VIEW_MM / rows,
        column_spacing=FIELD_OF_VIEW_MM / columns,
        windows=[{"name": "Full range", "center": (HIGHEST + 1) / 2, "width": HIGHEST + 1}],
        tags={"Modality": "DX", "BodyPartExamined": "CHEST", "ViewPosition": "PA", "BurnedInAnnotation": "NO"},
    )
    image.full_clean()
    image.save()


def _store_truth(case: Case, phantom: Phantom) -> None:
    standard = ReferenceStandard(
        case=case,
        name=FINDING,
        label=int(phantom.spec.positive),
        mask=put_array(phantom.mask) if phantom.spec.positive else "",
        boxes=[[left, top, right - left, bottom - top] for left, top, right, bottom in phantom.truth["boxes"]],
        source="Exact, from the phantom's geometry",
    )
    standard.full_clean()
    standard.save()
