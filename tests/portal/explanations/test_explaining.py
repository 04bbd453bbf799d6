"""A run makes each map once, with its provenance, and goes on where it was interrupted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from explainers.methods import registry as methods
from foundation.targets import ClassTarget
from portal.accounts.models import User
from portal.catalog.models import Dataset
from portal.catalog.selectors import approved_images, reference_mask
from portal.explanations.models import Explanation, Prediction, Run
from portal.explanations.predicting import dice
from portal.explanations.selectors import map_of, missing_maps
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.networks.models import Network
from portal.networks.preprocessing import prepare_mask
from portal.networks.work import load_network, prepare
from portal.parts.services import sync_registry
from portal.storage import get_array

pytestmark = [pytest.mark.django_db, pytest.mark.db]


@pytest.fixture(autouse=True)
def _parts(db: None) -> None:
    sync_registry(methods)


def run_of(network: Network, dataset: Dataset, *names: str, seed: int = 3) -> Run:
    return plan_run(network=network, dataset=dataset, methods=names, seed=seed)


def test_it_makes_one_map_an_image_and_method(classifier: Network, phantoms: Dataset) -> None:
    run = run_of(classifier, phantoms, "grad-cam", "random-map")
    assert explain_run(run) == 8
    assert Explanation.objects.count() == 8
    assert Prediction.objects.count() == 4
    assert explain_run(run) == 0
    assert Explanation.objects.count() == 8


def test_the_stored_map_is_the_methods_own(classifier: Network, phantoms: Dataset) -> None:
    """Oracle: the explainer called directly on the prepared image."""
    explain_run(run_of(classifier, phantoms, "grad-cam"))
    model = load_network(classifier)
    for explanation in Explanation.objects.all():
        image = prepare(explanation.image, classifier)
        expected = methods["grad-cam"]().explain(model, image, ClassTarget(1), seed=3)[0]
        np.testing.assert_array_equal(map_of(explanation), expected.numpy())


def test_provenance_names_what_decided_the_map(classifier: Network, phantoms: Dataset) -> None:
    explain_run(run_of(classifier, phantoms, "random-map"))
    explanation = Explanation.objects.first()
    assert explanation is not None
    provenance = explanation.provenance
    assert provenance["weights_sha256"] == classifier.weights_sha256
    assert provenance["image_sha256"] == explanation.image.array
    assert provenance["seed"] == 3
    assert provenance["torch"] == torch.__version__
    assert provenance["grid"]["rows"] == 32
    assert explanation.seconds > 0
    assert explanation.is_control
    assert explanation.target == {"kind": "class", "index": 1, "name": "nodule"}


def test_another_seed_is_another_map(classifier: Network, phantoms: Dataset) -> None:
    explain_run(run_of(classifier, phantoms, "random-map"))
    explain_run(run_of(classifier, phantoms, "random-map", seed=4))
    first, second = (set(Explanation.objects.filter(seed=seed).values_list("array", flat=True)) for seed in (3, 4))
    assert Explanation.objects.count() == 8
    assert first.isdisjoint(second)


def test_it_goes_on_where_it_was_interrupted(classifier: Network, phantoms: Dataset) -> None:
    run = run_of(classifier, phantoms, "grad-cam", "edge-map")

    def pull_the_plug(done: int, total: int, message: str = "") -> None:
        assert total == 8
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain_run(run, pull_the_plug)
    before = set(Explanation.objects.values_list("pk", flat=True))
    assert len(before) == 3
    assert explain_run(run) == 5
    assert before < set(Explanation.objects.values_list("pk", flat=True))
    assert Explanation.objects.values("image", "label").distinct().count() == Explanation.objects.count() == 8


def test_the_mask_control_shows_the_truth(classifier: Network, phantoms: Dataset) -> None:
    explain_run(run_of(classifier, phantoms, "ground-truth-mask"))
    for explanation in Explanation.objects.all():
        mask = reference_mask(explanation.image)
        assert mask is not None
        np.testing.assert_array_equal(map_of(explanation) > 0, prepare_mask(mask, (32, 32)))
    assert any(map_of(explanation).any() for explanation in Explanation.objects.all())


def test_a_missing_truth_stops_the_run_before_it_starts(classifier: Network, phantoms: Dataset) -> None:
    image = approved_images(phantoms)[2]
    image.case.reference_standards.all().delete()
    with pytest.raises(ValueError, match=f"ground-truth-mask needs the reference mask, and the case '{image.case}'"):
        explain_run(run_of(classifier, phantoms, "random-map", "ground-truth-mask"))
    assert not Explanation.objects.exists()


def test_a_segmenter_is_asked_for_its_region(segmenter: Network, phantoms: Dataset) -> None:
    explain_run(run_of(segmenter, phantoms, "grad-cam"))
    model = load_network(segmenter)
    for prediction in Prediction.objects.all():
        with torch.no_grad():
            region = model(prepare(prediction.image, segmenter)).argmax(1) == 1
        explanation = Explanation.objects.get(image=prediction.image)
        found = explanation.target["region"] == "predicted"
        assert found == bool(region.any())
        assert explanation.target["pixels"] == (int(region.sum()) if found else 64)
        mask = get_array(prediction.mask)
        assert mask.shape == (64, 64)
        truth = reference_mask(prediction.image)
        assert truth is not None
        assert prediction.dice == (dice(mask, truth) if truth.any() else None)


def test_where_a_segmenter_finds_nothing_its_strongest_pixels_are_explained(
    segmenter: Network, phantoms: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.explanations import work

    def blind(network: Network, device: Any = None) -> torch.nn.Module:
        model = load_network(network, device)
        model.register_forward_hook(
            lambda _module, _inputs, output: output - 100 * torch.tensor([0, 1.0])[:, None, None]
        )
        return model

    monkeypatch.setattr(work, "load_network", blind)
    explain_run(run_of(segmenter, phantoms, "grad-cam"))
    targets = [explanation.target for explanation in Explanation.objects.all()]
    assert {(target["region"], target["pixels"]) for target in targets} == {("highest-64", 64)}
    assert set(Prediction.objects.values_list("predicted", flat=True)) == {0}


def test_only_approved_cases_are_explained(classifier: Network, phantoms: Dataset) -> None:
    phantoms.cases.exclude(slug="phantom-001").update(approval="quarantined")
    assert explain_run(run_of(classifier, phantoms, "random-map")) == 1
    phantoms.cases.update(approval="rejected")
    with pytest.raises(ValueError, match="no approved cases"):
        run_of(classifier, phantoms, "edge-map")


def test_the_same_plan_is_the_same_run(classifier: Network, phantoms: Dataset, researcher: User) -> None:
    first = plan_run(network=classifier, dataset=phantoms, methods=["random-map"], actor=researcher)
    assert plan_run(network=classifier, dataset=phantoms, methods=["random-map"], actor=researcher) == first
    assert plan_run(network=classifier, dataset=phantoms, methods=["edge-map"], actor=researcher) != first


@pytest.mark.parametrize(
    ("methods_asked", "sentence"),
    [
        (["grad-camm"], "Did you mean grad-cam"),
        ([], "at least one method"),
        (["lrp", "lrp"], "named twice"),
        ([{"method": "random-map", "parameters": {"colour": 1}}], "has no parameter 'colour'"),
        ([{"name": "random-map"}], "is given as its name"),
    ],
)
def test_a_wrong_plan_is_refused(
    classifier: Network, phantoms: Dataset, methods_asked: list[Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        plan_run(network=classifier, dataset=phantoms, methods=methods_asked)
    assert not Run.objects.exists()


def test_missing_maps_are_named(classifier: Network, phantoms: Dataset) -> None:
    images = list(approved_images(phantoms))
    explain_run(run_of(classifier, phantoms, "random-map"))
    assert missing_maps(classifier, images, ["random-map"]) == []
    assert missing_maps(classifier, images[:1], ["random-map", "lrp"]) == [("phantom-001", "lrp")]


def test_each_case_draws_its_own_random_map(classifier: Network, phantoms: Dataset) -> None:
    explain_run(run_of(classifier, phantoms, "random-map"))
    arrays = list(Explanation.objects.values_list("array", flat=True))
    assert len(arrays) > 1
    assert len(set(arrays)) == len(arrays)
