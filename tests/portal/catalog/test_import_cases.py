"""A folder becomes cases, all or none; identifiers become pseudonyms; what is doubtful waits for a person."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import tifffile
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.core.serializers import serialize
from PIL import Image as Picture

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.catalog.models import Case, Dataset, Image, ReferenceStandard
from portal.catalog.selectors import approved_images, image_pixels, reference_mask
from portal.catalog.services import approve_case, import_cases, reject_case
from tests.portal.catalog import asymmetric
from tests.portal.catalog.test_importers import NIBABEL, PYDICOM, SKIMAGE, png_of

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def call(folder: Path, *arguments: str) -> str:
    output = io.StringIO()
    call_command("import_cases", str(folder), *arguments, stdout=output)
    return output.getvalue()


def write_manifest(folder: Path, *rows: Mapping[str, object]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two 16-bit TIFFs and an 8-bit PNG with masks, boxes and labels."""
    place = tmp_path / "chest"
    (place / "images").mkdir(parents=True)
    for name in ("one", "two"):
        tifffile.imwrite(place / "images" / f"{name}.tif", asymmetric.picture() + len(name) + (name == "two"))
    Picture.fromarray((asymmetric.picture() >> 4).astype(np.uint8)).save(place / "images" / "three.png")
    mask = np.zeros((asymmetric.ROWS, asymmetric.COLUMNS), np.uint8)
    mask[5:9, 10:20] = 255
    Picture.fromarray(mask).save(place / "mask.png")
    write_manifest(
        place,
        {"case_id": "c1", "image": "images/one.tif", "mask": "mask.png", "label": 1, "split": "test",
         "patient_id": "SECRET-1", "target_class": "nodule", "modality": "dx", "laterality": "l",
         "spacing_x": 0.5, "spacing_y": 0.7, "boxes_json": "[[10, 5, 10, 4]]", "notes": "clear"},
        {"case_id": "c2", "image": "images/two.tif", "label": 0, "split": "test", "patient_id": "SECRET-1"},
        {"case_id": "c3", "image": "images/three.png", "split": "train", "patient_id": "SECRET-3"},
    )  # fmt: skip
    return place


def everything() -> str:
    """All that the catalogue and its audit trail hold, as text."""
    return "".join(serialize("json", kind.objects.all()) for kind in (Dataset, Case, Image, ReferenceStandard, Entry))


def test_a_manifest_becomes_approved_cases(folder: Path) -> None:
    assert "3 files imported into chest, 0 of them in quarantine" in call(folder)
    first = Case.objects.get(slug="c1")
    assert (first.split, first.modality, first.laterality, first.approval) == ("test", "DX", "L", "approved")
    image = first.images.get()
    assert (image.bits, image.row_spacing, image.column_spacing) == (16, 0.7, 0.5)
    np.testing.assert_array_equal(image_pixels(image)[0], asymmetric.picture() + 3)
    mask = reference_mask(image)
    assert mask is not None
    assert mask.sum() == 40
    assert mask[5:9, 10:20].all()
    assert ReferenceStandard.objects.get(case=first).name == "nodule"
    assert ReferenceStandard.objects.get(case=first).boxes == [[10, 5, 10, 4]]
    negative = reference_mask(Case.objects.get(slug="c2").images.get())
    assert negative is not None
    assert not negative.any()
    assert reference_mask(Case.objects.get(slug="c3").images.get()) is None
    assert approved_images(Dataset.objects.get()).count() == 3


def test_patients_become_pseudonyms(folder: Path) -> None:
    call(folder)
    patients = list(Case.objects.order_by("slug").values_list("patient", flat=True))
    assert patients[0] == patients[1] != patients[2]
    assert "SECRET" not in everything()
    import_cases(folder=folder, dataset="other")
    assert not set(patients) & set(Case.objects.filter(dataset__slug="other").values_list("patient", flat=True))


def test_importing_again_changes_nothing(folder: Path) -> None:
    call(folder)
    before = everything()
    assert "0 files imported into chest, 0 of them in quarantine; 3 were there already." in call(folder)
    assert everything() == before


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    assert "3 files would be imported" in call(folder, "--dry-run")
    assert everything() == "[]" * 5


def test_dicom_leaves_its_header_behind(tmp_path: Path) -> None:
    asymmetric.write_dicom(tmp_path / "Secret_Name.dcm")
    asymmetric.write_dicom(tmp_path / "other.dcm", BurnedInAnnotation=None)
    call(tmp_path, "--dataset", "clinic", "--title", "Clinic")
    assert "SECRET" not in everything().upper()
    fine, waiting = Case.objects.order_by("approval")
    assert (fine.approval, fine.body_part, fine.modality) == ("approved", "CHEST", "DX")
    assert waiting.approval == "quarantined"
    assert "does not say" in waiting.quarantine_reason
    assert fine.patient == waiting.patient
    assert fine.slug.startswith("case-")


def test_real_files_of_libraries(tmp_path: Path) -> None:
    names = ["CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "examples_overlay.dcm", "examples_rgb_color.dcm"]
    files = [PYDICOM / name for name in names] + [NIBABEL / "example4d.nii.gz"]
    files += [SKIMAGE / name for name in ("retina.jpg", "microaneurysms.png", "ihc.png")]
    for file in files:
        shutil.copy(file, tmp_path)
    report = import_cases(folder=tmp_path, dataset="real")
    assert len(report.cases) == len(files)
    assert report.quarantined == len(files), "nothing vouches for any of them"
    colour = next(case for case in report.cases if case.file == "examples_rgb_color.dcm")
    assert "US" in colour.reason
    assert "looks like text" in colour.reason
    assert not approved_images(Dataset.objects.get()).exists()
    assert Image.objects.count() == len(files) + 1, "the NIfTI has two volumes"


def test_a_word_near_an_edge_waits_although_the_manifest_vouches(tmp_path: Path) -> None:
    from portal.phantoms import PhantomSpec, draw

    for name, tag in (("marked", False), ("tagged", True)):
        Picture.fromarray(draw(PhantomSpec(7, tag=tag), 512).pixels).save(tmp_path / f"{name}.png")
    write_manifest(tmp_path, *({"case_id": name, "image": f"{name}.png"} for name in ("marked", "tagged")))
    import_cases(folder=tmp_path, dataset="words")
    assert dict(Case.objects.values_list("slug", "approval")) == {"marked": "approved", "tagged": "quarantined"}


def test_several_images_of_a_case(folder: Path) -> None:
    write_manifest(
        folder,
        {"case_id": "both", "image": "images/one.tif"},
        {"case_id": "both", "image": "images/two.tif"},
    )
    call(folder)
    assert list(Image.objects.values_list("case__slug", "index")) == [("both", 0), ("both", 1)]


def without_manifest(folder: Path) -> None:
    (folder / "manifest.csv").unlink()


def test_without_a_manifest_pictures_wait_under_pseudonyms(folder: Path) -> None:
    without_manifest(folder)
    (folder / "mask.png").unlink()
    assert "3 files imported into chest, 3 of them in quarantine" in call(folder)
    assert all(slug.startswith("case-") for slug in Case.objects.values_list("slug", flat=True))


# A person decides.


def test_approval_is_a_persons_and_is_written_down(
    folder: Path, researcher: User, reader_user: User, outsider: User
) -> None:
    without_manifest(folder)
    call(folder)
    first, second = Case.objects.all()[:2]
    for nobody in (reader_user, outsider):
        with pytest.raises(PermissionDenied):
            approve_case(case=first, actor=nobody)
    approved = approve_case(case=first, actor=researcher)
    assert (approved.approval, approved.decided_by) == ("approved", researcher)
    assert approved.decided_at is not None
    assert Entry.objects.get(action="case.approved").detail["before"] == "quarantined"
    assert reject_case(case=second, actor=researcher, reason="a name").approval == "rejected"
    assert Entry.objects.get(action="case.rejected").detail["reason"] == "a name"
    with pytest.raises(ValueError, match="approved already"):
        approve_case(case=first, actor=researcher)


def test_readers_may_not_import(folder: Path, reader_user: User) -> None:
    with pytest.raises(PermissionDenied):
        import_cases(folder=folder, actor=reader_user)


# What is wrong stops everything.


def add_bomb(folder: Path) -> None:
    (folder / "images" / "one.tif").unlink()
    (folder / "images" / "one.tif.png").write_bytes(png_of(40_000, 40_000))
    write_manifest(folder, {"case_id": "c", "image": "images/two.tif"}, {"case_id": "d", "image": "images/one.tif.png"})


def link_out(folder: Path) -> None:
    asymmetric.write_png(folder.parent / "outside.png")
    os.symlink(folder.parent / "outside.png", folder / "inside.png")
    write_manifest(folder, {"case_id": "c", "image": "images/two.tif"}, {"case_id": "d", "image": "inside.png"})


def link_out_without_manifest(folder: Path) -> None:
    link_out(folder)
    without_manifest(folder)


def manifest(*rows: Mapping[str, object]) -> object:
    return lambda folder: write_manifest(folder, *rows)


ONE = {"case_id": "c1", "image": "images/one.tif"}
TWO = {"case_id": "c2", "image": "images/two.tif"}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (add_bomb, "too large"),
        (link_out, "'inside.png' is a link that leads out of the folder"),
        (link_out_without_manifest, "inside.png is a link that leads out of the folder"),
        (manifest(ONE, TWO | {"image": "../chest/images/two.tif"}), "line 3: '../chest/images/two.tif' leads out"),
        (manifest(ONE, TWO | {"image": "/etc/passwd"}), "leads out of the folder"),
        (manifest(ONE, TWO | {"image": "missing.png"}), "there is no file 'missing.png'"),
        (manifest(ONE | {"mask": "images/../../x"}), "leads out"),
        (manifest(ONE | {"colour": "red"}), "unknown column 'colour'"),
        (manifest({"image": "images/one.tif"}), "lacks the column 'case_id'"),
        (manifest(ONE, TWO | {"image": "images/one.tif"}), "stands in line 2 too"),
        (manifest(ONE | {"label": "yes"}), "label is a whole number"),
        (manifest(ONE | {"case_id": "Jane Doe"}), "case_id cannot be 'Jane Doe'"),
        (manifest(ONE | {"laterality": "X"}), "laterality is L, R, B or U"),
        (manifest(ONE | {"spacing_x": "-1"}), "spacing_x is a number of millimetres"),
        (manifest(ONE | {"boxes_json": "[[1, 2]]"}), "boxes_json is"),
        (manifest(ONE | {"boxes_json": "[[50, 1, 10, 10]]"}), "a box lies outside"),
        (
            manifest(ONE | {"patient_id": "p", "split": "a"}, TWO | {"patient_id": "p", "split": "b"}),
            "in the split 'a'",
        ),
        (manifest(ONE | {"label": 1}, TWO | {"case_id": "c1", "label": 0}), "another patient, split or label"),
    ],
)
def test_one_fault_and_nothing_is_written(folder: Path, spoil: object, sentence: str) -> None:
    spoil(folder)  # type: ignore[operator]  # one of the functions above
    with pytest.raises(CommandError, match=sentence) as caught:
        call(folder)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert everything() == "[]" * 5


def test_a_mask_of_another_size_is_refused(folder: Path) -> None:
    Picture.fromarray(np.zeros((10, 10), np.uint8)).save(folder / "mask.png")
    with pytest.raises(CommandError, match=r"10 x 10 pixels, which are not the image's"):
        call(folder)
    assert everything() == "[]" * 5


def test_other_images_under_a_known_case_are_refused(folder: Path) -> None:
    call(folder)
    tifffile.imwrite(folder / "images" / "one.tif", asymmetric.picture() + 9)
    with pytest.raises(CommandError, match="a case 'c1' already, with other images"):
        call(folder)


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no images"):
        call(tmp_path, "--dataset", "x")
    with pytest.raises(CommandError, match="There is no folder"):
        call(tmp_path / "missing")
