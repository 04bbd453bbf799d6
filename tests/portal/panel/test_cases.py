"""Quarantine and the case's page: decisions are audited, nothing is approved unseen."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image as Picture

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.catalog.models import Approval, Case
from tests.portal.panel.conftest import World

pytestmark = pytest.mark.django_db


def at(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def test_quarantine_shows_what_waits_and_why(signed_in: Client, world: World) -> None:
    page = signed_in.get(at("catalog_case_quarantine")).content.decode()
    assert "May carry text" in page
    assert at("catalog_case_thumbnail", world.waiting.images.get().pk) in page
    assert at("catalog_case_approve", world.case.pk) not in page


def test_an_approval_is_written_down(signed_in: Client, world: World, researcher: User) -> None:
    answer = signed_in.post(at("catalog_case_approve", world.waiting.pk), {"back": "quarantine"})
    assert answer["Location"] == at("catalog_case_quarantine")
    world.waiting.refresh_from_db()
    assert (world.waiting.approval, world.waiting.decided_by) == (Approval.APPROVED, researcher)
    entry = Entry.objects.get(action="case.approved")
    assert (entry.actor, entry.subject) == (researcher, f"case:{world.waiting.pk}")


def test_a_rejection_keeps_its_reason(signed_in: Client, world: World) -> None:
    signed_in.post(at("catalog_case_reject", world.waiting.pk), {"reason": "a name in the corner"})
    world.waiting.refresh_from_db()
    assert world.waiting.approval == Approval.REJECTED
    assert Entry.objects.get(action="case.rejected").detail["reason"] == "a name in the corner"


def test_a_second_approval_says_so_and_changes_nothing(signed_in: Client, world: World) -> None:
    answer = signed_in.post(at("catalog_case_approve", world.case.pk), follow=True)
    assert "is approved already" in answer.content.decode()
    assert not Entry.objects.filter(action="case.approved").exists()


def test_approving_together_shows_every_image_first(signed_in: Client, world: World) -> None:
    Case.objects.update(approval=Approval.QUARANTINED)
    asked = [("case", case.pk) for case in Case.objects.all()]
    page = signed_in.get(at("catalog_case_together"), {"case": [key for _, key in asked]}).content.decode()
    for case in Case.objects.all():
        assert at("catalog_case_thumbnail", case.images.get().pk) in page


def test_approving_together_needs_the_word_of_a_person(signed_in: Client, world: World) -> None:
    chosen = {"case": [world.waiting.pk]}
    signed_in.post(at("catalog_case_together"), chosen)
    world.waiting.refresh_from_db()
    assert world.waiting.approval == Approval.QUARANTINED
    signed_in.post(at("catalog_case_together"), chosen | {"looked": "yes"})
    world.waiting.refresh_from_db()
    assert world.waiting.approval == Approval.APPROVED


def test_a_picture_is_kept_by_its_content(signed_in: Client, world: World) -> None:
    where = at("catalog_case_thumbnail", world.image.pk)
    first = signed_in.get(where)
    assert first["Content-Type"] == "image/png"
    assert "private" in first["Cache-Control"]
    assert "no-cache" not in first["Cache-Control"]
    assert max(Picture.open(io.BytesIO(first.content)).size) == 64
    again = signed_in.get(where, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    world.image.windows = [{"name": "narrow", "center": 100, "width": 50}]
    world.image.save()
    assert signed_in.get(where, headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("query", ["?side=100000", "?side=x"])
def test_no_picture_of_any_size_is_drawn(signed_in: Client, world: World, query: str) -> None:
    assert signed_in.get(at("catalog_case_thumbnail", world.image.pk) + query).status_code == 404


def test_a_map_is_drawn_where_its_values_are(signed_in: Client, world: World) -> None:
    """The map is lit in its upper left quarter only; elsewhere the image shows through unchanged."""
    plain, over = (
        Picture.open(io.BytesIO(signed_in.get(where).content)).convert("RGB")
        for where in (
            at("catalog_case_thumbnail", world.image.pk),
            at("explanations_explanation_overlay", world.explanation.pk),
        )
    )
    assert plain.size == over.size == (64, 64)
    assert over.getpixel((3, 3)) != plain.getpixel((3, 3))
    assert over.getpixel((50, 50)) == plain.getpixel((50, 50))


def test_the_case_page_puts_everything_side_by_side(signed_in: Client, world: World) -> None:
    page = signed_in.get(at("catalog_case_change", world.case.pk)).content.decode()
    for said in ("Phantom", "Small classifier", "nodule", "0.87", "Random map", "Control", "0.432", "lower is better"):
        assert said in page
    assert at("explanations_explanation_overlay", world.explanation.pk) in page


def test_maps_of_other_weights_are_left_out(signed_in: Client, world: World) -> None:
    world.network.weights_sha256 = "ef" * 32
    world.network.save()
    page = signed_in.get(at("catalog_case_change", world.case.pk)).content.decode()
    assert at("explanations_explanation_overlay", world.explanation.pk) not in page


def test_the_overview_tells_what_waits_and_what_failed(signed_in: Client, world: World) -> None:
    world.job.finished_at = world.job.created_at
    world.job.save()
    page = signed_in.get(at("index")).content.decode()
    assert world.waiting.slug in page
    assert "The disk is full." in page


def test_a_network_that_only_predicted_is_on_the_page_too(signed_in: Client, world: World) -> None:
    world.explanation.delete()
    page = signed_in.get(at("catalog_case_change", world.case.pk)).content.decode()
    assert "Small classifier" in page
    assert "0.87" in page
