"""Where several maps are judged at once, each has a row of its own in the long table, with its own method."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.management import call_command

from portal.accounts.models import User
from portal.catalog.models import Case, ReferenceStandard
from portal.explanations.models import Prediction
from portal.storage import put_array
from studies.blinding.analysts import coded
from studies.models import RunKind, Trial
from studies.reporting.annotations import consensus_regions
from studies.reporting.table import long_table
from studies.services.preparation import NoMask
from tests.studies.ward import COLUMNS, METHODS, ROWS, make_records, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def test_each_map_of_a_set_has_its_row(researcher: User, transactional_db: None) -> None:
    ward = make_study(researcher, tasks=("usefulness", "ranking", "best-worst"))
    call_command("simulate_readers", ward.study.slug, readers=2, seed=1, verbosity=0)
    table = long_table(ward.study.versions.get(), [RunKind.BOT])
    table = table[table["task"] != "usefulness"]
    assert len(table) == 2 * (2 * 3 + 3), "two readers rank three maps of two cases, and name the ends of another three"
    for pk, rows in table.astype({"trial": str}).groupby("trial"):
        trial = Trial.objects.get(pk=str(pk))
        assert list(rows["method"]) == [stimulus.arm.method for stimulus in trial.stimuli]
        assert list(rows["displayed_map"]) == [stimulus.display for stimulus in trial.stimuli]
        assert set(rows["method"]) == set(METHODS)
        assert sorted(rows["place"]) == [1, 2, 3]
        assert rows[["method_b", "method_c", "method_d"]].isna().all(axis=None)
    assert set(table.loc[table["control"], "method"]) == {"random-map"}


def test_outlines_are_held_against_truth_and_each_other(researcher: User, transactional_db: None) -> None:
    ward = make_study(researcher, tasks=("usefulness", "annotation", "blinding-check"))
    call_command("simulate_readers", ward.study.slug, readers=4, seed=1, verbosity=0)
    version = ward.study.versions.get()
    table = long_table(version, [RunKind.BOT])
    outlines = table[(table["task"] == "annotation") & (table["question"] == "region") & (table["case"] == "ward-008")]
    assert len(outlines) >= 2, "ward-008 has a finding that most readers see"
    assert (outlines["answer.iou"] > 0.3).all()
    assert outlines["answer.map-iou"].notna().all(), "the map was never shown, and is compared all the same"
    assert outlines["answer.others-iou"].between(0, 1).all()
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    regions = consensus_regions(rows, Case.objects.filter(slug="ward-008").values_list("pk", flat=True))
    most = regions["wards", "ward-008"]
    assert most.shape == (ROWS, COLUMNS)
    assert most[14:18, 10:14].all()
    assert most.sum() < 2 * 10 * 8, "the finding has 10 by 8 pixels"
    guesses = table[(table["task"] == "blinding-check") & (table["question"] == "technique")]
    family = {"grad-cam": "activation", "random-map": "none", "kernel-shap": "shapley"}
    assert list(guesses["expected"]) == [family[method] for method in guesses["method"]]
    assert (guesses["technique"] == guesses["expected"]).all()
    hidden = coded(table, version)
    assert hidden.loc[hidden["task"] == "blinding-check", ["expected", "correct", "technique"]].isna().all(axis=None)
    assert hidden.loc[hidden["task"] == "annotation", "correct"].notna().any()


def test_masks_are_reviewed_and_shortcuts_sought(researcher: User, transactional_db: None) -> None:
    make_records()
    mask = np.zeros((ROWS, COLUMNS), dtype=bool)
    mask[10:20, 8:16] = True
    for prediction in Prediction.objects.filter(network__slug="lung-net"):
        prediction.mask = put_array(mask if prediction.image.case.slug == "ward-002" else np.roll(mask, 20, axis=0))
        prediction.save()
    for case in Case.objects.filter(slug__in=["ward-002", "ward-003"]):
        ReferenceStandard.objects.create(case=case, name="tag", label=1, mask=put_array(mask))
    ward = make_study(researcher, tasks=("usefulness", "segmentation-review", "shortcut"))
    call_command("simulate_readers", ward.study.slug, readers=4, seed=1, verbosity=0)
    table = long_table(ward.study.versions.get(), [RunKind.BOT])
    reviews = table[(table["task"] == "segmentation-review") & (table["question"] == "verdict")]
    right = reviews["case"] == "ward-002"
    assert (reviews.loc[right, "answer.model-dice"] == 1.0).all()
    assert reviews.loc[right, "answer.missed-error"].isna().all()
    assert (reviews.loc[~right, "answer.model-dice"] == 0.0).all()
    assert reviews.loc[~right, "answer.missed-error"].notna().all()
    sought = table[(table["task"] == "shortcut") & (table["question"] == "suspected")]
    assert set(sought["expected"]) == {"yes"}
    assert sought["answer.detected"].isin([0.0, 1.0]).all()


def test_a_network_without_masks_cannot_be_reviewed(researcher: User) -> None:
    with pytest.raises(NoMask, match=r"lung-net.* has drawn no mask of the case 'ward-"):
        make_study(researcher, tasks=("usefulness", "segmentation-review"))
