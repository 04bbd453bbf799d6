"""Writing cases: import from a folder, and a person's decision about those in quarantine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from portal.accounts.models import User
from portal.audit.services import record
from portal.catalog.errors import AlreadyDecided, CatalogError
from portal.catalog.importers import Imported, ImportRefused
from portal.catalog.intake import Intake, plan
from portal.catalog.models import Approval, Case, Dataset, Image, ReferenceStandard
from portal.jobs.registry import Progress
from portal.storage import put_array


@dataclass(frozen=True)
class ImportedCase:
    """One line of an import's report: which file became which case, and why it waits, if it does."""

    file: str
    case: str
    approval: str
    reason: str
    images: int


@dataclass(frozen=True)
class ImportReport:
    """What an import wrote, or would write; `known` counts the files that were imported before."""

    dataset: str
    cases: tuple[ImportedCase, ...]
    known: int
    dry_run: bool

    @property
    def quarantined(self) -> int:
        """How many of the files wait for a person."""
        return sum(case.approval == Approval.QUARANTINED for case in self.cases)


def import_cases(
    *,
    folder: Path,
    dataset: str = "",
    title: str = "",
    actor: User | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a folder's images as cases: all of them, or, where one is at fault, none.

    PNG, JPEG, TIFF, NPY, DICOM and NIfTI, with or without `manifest.csv`. Files whose content is in the dataset already
    are passed over. Originals are never stored. Raises ImportRefused with the fault.
    """
    _only_researchers(actor)
    slug = dataset or slugify(folder.resolve().name)[:64]
    if not slug or slug != slugify(slug):
        raise ImportRefused(f"{slug!r} cannot name a dataset; lower-case letters, digits and hyphens can.")
    found = plan(folder, slug, progress)
    fresh = _fresh(slug, found)
    _refuse_taken(slug, fresh)
    if not dry_run:
        _write(slug, title or slug.replace("-", " ").capitalize(), fresh, actor)
    lines = tuple(_line(intake, _case_doubt(intake, fresh)) for intake in fresh)
    return ImportReport(slug, lines, len(found) - len(fresh), dry_run)


@transaction.atomic
def approve_case(*, case: Case, actor: User) -> Case:
    """Let readers see a case: somebody has looked and found no text or face that could identify anyone."""
    return _decide(case, Approval.APPROVED, actor, "case.approved")


@transaction.atomic
def reject_case(*, case: Case, actor: User, reason: str = "") -> Case:
    """Keep a case from readers for good."""
    return _decide(case, Approval.REJECTED, actor, "case.rejected", reason)


def _decide(case: Case, approval: Approval, actor: User, action: str, reason: str = "") -> Case:
    _only_researchers(actor)
    case = Case.objects.select_for_update().get(pk=case.pk)
    if case.approval == approval:
        raise AlreadyDecided(f"The case {case.slug!r} is {case.get_approval_display().lower()} already.")
    before = case.approval
    case.approval, case.decided_by, case.decided_at = approval, actor, timezone.now()
    case.full_clean()
    case.save()
    record(actor=actor, action=action, subject=case, before=before, doubt=case.quarantine_reason, reason=reason)
    return case


@transaction.atomic
def _write(slug: str, title: str, fresh: list[Intake], actor: User | None) -> None:
    if not fresh:
        return
    dataset, _ = Dataset.objects.get_or_create(slug=slug, defaults={"title": title})
    if dataset.is_phantom:
        raise CatalogError(f"The dataset {slug!r} holds phantoms; real images need a dataset of their own.")
    for name, together in groupby(sorted(fresh, key=lambda intake: intake.slug), key=lambda intake: intake.slug):
        _write_case(dataset, name, list(together), actor)
    waiting = dataset.cases.filter(approval=Approval.QUARANTINED).count()
    record(actor=actor, action="cases.imported", subject=dataset, files=len(fresh), waiting=waiting)


def _write_case(dataset: Dataset, name: str, intakes: list[Intake], actor: User | None) -> None:
    first, doubt = intakes[0], _case_doubt(intakes[0], intakes)
    contents = [(intake, image) for intake in intakes for image in intake.read()]
    tags, row = contents[0][1].tags, first.row
    case = Case(
        dataset=dataset,
        slug=name,
        patient=first.patient,
        modality=(row.modality if row else "") or str(tags.get("Modality", "")),
        body_part=str(tags.get("BodyPartExamined", "")),
        laterality=(row.laterality if row else "")
        or str(tags.get("ImageLaterality") or tags.get("Laterality") or "")[:1],
        site=row.site if row else "",
        split=row.split if row else "",
        attributes={"notes": row.notes} if row and row.notes else {},
        approval=Approval.QUARANTINED if doubt else Approval.APPROVED,
        quarantine_reason=doubt[:300],
    )
    case.full_clean()
    case.save()
    for index, (intake, image) in enumerate(contents):
        _write_image(case, index, intake, image)
    _write_truth(case, first, contents[0][1])


def _write_image(case: Case, index: int, intake: Intake, imported: Imported) -> None:
    slices, rows, columns = imported.sides
    row = intake.row
    image = Image(
        case=case,
        index=index,
        array=put_array(imported.pixels),
        source_sha256=intake.sha256,
        rows=rows,
        columns=columns,
        slices=slices,
        channels=imported.channels,
        bits=imported.bits,
        is_signed=imported.is_signed,
        photometric=imported.photometric,
        slope=imported.slope,
        intercept=imported.intercept,
        row_spacing=(row.spacing_y if row else None) or imported.row_spacing,
        column_spacing=(row.spacing_x if row else None) or imported.column_spacing,
        windows=list(imported.windows),
        tags=imported.tags,
    )
    image.full_clean()
    image.save()


def _write_truth(case: Case, intake: Intake, image: Imported) -> None:
    row = intake.row
    if row is None or (row.label is None and row.mask is None and not row.boxes):
        return
    mask = intake.mask(image)
    standard = ReferenceStandard(
        case=case,
        name=row.target_class or "finding",
        label=row.label,
        mask=put_array(mask) if mask is not None else "",
        boxes=[list(box) for box in row.boxes],
        source="manifest.csv",
    )
    standard.full_clean()
    standard.save()


def _case_doubt(intake: Intake, intakes: Iterable[Intake]) -> str:
    """All that is doubtful about any file of the case."""
    doubts = [other.doubt for other in intakes if other.slug == intake.slug and other.doubt]
    return "; ".join(dict.fromkeys(doubts))


def _fresh(slug: str, found: list[Intake]) -> list[Intake]:
    """The files whose content is new; of copies that no manifest tells apart, the first."""
    seen = set(Image.objects.filter(case__dataset__slug=slug).values_list("source_sha256", flat=True))
    fresh = []
    for intake in found:
        if intake.sha256 not in seen:
            fresh.append(intake)
        if intake.row is None:
            seen.add(intake.sha256)
    return fresh


def _refuse_taken(slug: str, fresh: list[Intake]) -> None:
    taken = Case.objects.filter(dataset__slug=slug, slug__in=[intake.slug for intake in fresh]).first()
    if taken:
        raise ImportRefused(f"The dataset {slug!r} has a case {taken.slug!r} already, with other images.")


def _line(intake: Intake, doubt: str) -> ImportedCase:
    approval = Approval.QUARANTINED if doubt else Approval.APPROVED
    return ImportedCase(intake.name, intake.slug, approval.value, doubt, intake.images)


def _only_researchers(actor: User | None) -> None:
    if actor is not None and not actor.is_researcher:
        raise PermissionDenied("Only researchers may import and approve cases.")
