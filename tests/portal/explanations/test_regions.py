"""Regions of a segmentation: chosen as data, made into targets, named in the provenance, kept apart when scored."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy import ndimage
from torch import Tensor

from evaluation.metrics import registry as metrics
from explainers.methods import registry as methods
from foundation.targets import RegionTarget
from portal.catalog.models import Dataset
from portal.catalog.selectors import reference_mask
from portal.explanations.models import Explanation, Score
from portal.explanations.regions import PREDICTED, Region
from portal.explanations.scoring import score_run
from portal.explanations.services import plan_run
from portal.explanations.targets import aim_of, region_of
from portal.explanations.work import explain_run
from portal.networks.models import Network
from portal.networks.preprocessing import prepare_mask
from portal.networks.work import load_network, prepare
from portal.panel.run_form import RunForm
from portal.parts.services import sync_registry
from portal.storage import get_array


@pytest.fixture
def _parts(db: None) -> None:
    sync_registry(methods)
    sync_registry(metrics)


@pytest.mark.parametrize(
    ("given", "kind", "number"),
    [
        ("predicted", "predicted", None),
        ("component", "component", 1),
        ("component:3", "component", 3),
        ({"kind": "boundary", "width": 4}, "boundary", 4),
        ("false-positive", "false-positive", None),
        ({"kind": "false-negative"}, "false-negative", None),
    ],
)
def test_a_region_is_read_from_a_text_or_from_data(given: object, kind: str, number: int | None) -> None:
    region = Region.read(given)
    assert (region.kind, region.number) == (kind, number)
    assert Region.read(region.described) == Region.read(str(region)) == region


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("lesion", "A region is one of predicted, component"),
        ("predicted:2", "takes no number"),
        ("component:0", "rank of a component region is a whole number"),
        ("boundary:two", "width of a boundary region is a whole number"),
        ({"kind": "boundary", "rank": 2}, "has no 'rank'"),
    ],
)
def test_a_wrong_region_gets_one_sentence(given: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Region.read(given)


def output_with(mask: Tensor) -> Tensor:
    """Logits `(1, 2, H, W)` that predict the mask."""
    return torch.stack([torch.zeros(mask.shape), mask.float() * 2 - 1])[None]


def test_each_region_is_laid_over_the_prediction(segmenter: Network) -> None:
    # Oracle: scipy's labels and set operations.
    mask, truth = torch.zeros(32, 32, dtype=torch.bool), torch.zeros(32, 32, dtype=torch.bool)
    mask[2:6, 2:6] = mask[20:22, 20:22] = True
    truth[4:9, 4:9] = True
    parts = torch.from_numpy(ndimage.label(mask.numpy())[0])
    wanted = {
        "component": parts == 1,
        "component:2": parts == 2,
        "false-positive": mask & ~truth,
        "false-negative": truth & ~mask,
    }
    for text, region in wanted.items():
        aim = aim_of(segmenter, output_with(mask), Region.read(text), truth[None])
        assert isinstance(aim.target, RegionTarget)
        assert aim.target.mask is not None
        assert torch.equal(aim.target.mask[0], region)
        assert aim.described["pixels"] == int(region.sum())
        assert region_of(aim.described) == Region.read(text)
    with pytest.raises(ValueError, match="needs the reference mask"):
        aim_of(segmenter, output_with(mask), Region("false-positive"))
    with pytest.raises(ValueError, match="component:3 is empty"):
        aim_of(segmenter, output_with(mask), Region("component", 3))
    assert region_of(aim_of(segmenter, output_with(mask & False)).described) == PREDICTED


@pytest.mark.usefixtures("_parts")
def test_a_run_explains_the_region_that_it_names(segmenter: Network, phantoms: Dataset) -> None:
    # Oracle: the explainer called directly with the false-negative mask.
    asked: list[Any] = [{"method": "grad-cam", "region": "false-negative"}]
    run = plan_run(network=segmenter, dataset=phantoms, methods=asked)
    assert run.methods[0]["label"] == "grad-cam-false-negative"
    with pytest.raises(ValueError, match=r"could not be made.*(is empty|needs the reference)"):
        explain_run(run)  # two of the phantoms hold no nodule
    assert Explanation.objects.exists()
    model = load_network(segmenter)
    for made in Explanation.objects.all():
        image, truth = prepare(made.image, segmenter), reference_mask(made.image)
        assert truth is not None
        with torch.no_grad():
            missed = torch.from_numpy(prepare_mask(truth, (32, 32))).bool() & (model(image)[0].argmax(0) != 1)
        assert made.target["region"] == made.provenance["target"]["region"] == "false-negative"
        assert made.target["pixels"] == int(missed.sum())
        wanted = methods["grad-cam"]().explain(model, image, RegionTarget(1, missed[None]))[0]
        torch.testing.assert_close(torch.from_numpy(get_array(made.array)), wanted)


@pytest.mark.usefixtures("_parts")
def test_maps_of_two_regions_stand_side_by_side_and_are_scored_by_their_own(
    segmenter: Network, phantoms: Dataset
) -> None:
    asked: list[Any] = ["random-map", {"method": "random-map", "region": {"kind": "boundary", "width": 2}}]
    run = plan_run(network=segmenter, dataset=phantoms, methods=asked, metrics=["deletion"])
    explain_run(run)
    score_run(run)
    found = {
        (score.explanation.image_id, score.explanation.target["region"]): score.value for score in Score.objects.all()
    }
    assert len(found) == 8
    # The map is the same, so that only the target can make the scores differ.
    assert len({explanation.array for explanation in Explanation.objects.all()}) == 4
    for image in {image for image, _ in found}:
        kinds = {region: value for (owner, region), value in found.items() if owner == image}
        assert len(set(kinds.values())) == 2


@pytest.mark.usefixtures("_parts")
def test_a_classifier_has_no_regions(classifier: Network, phantoms: Dataset) -> None:
    with pytest.raises(ValueError, match="is a classifier"):
        plan_run(network=classifier, dataset=phantoms, methods=[{"method": "grad-cam", "region": "boundary"}])
    plan = plan_run(network=classifier, dataset=phantoms, methods=[{"method": "grad-cam", "region": "predicted"}])
    assert plan.methods == [{"label": "grad-cam", "method": "grad-cam", "parameters": {}}]


@pytest.mark.usefixtures("_parts")
def test_the_form_asks_for_a_region(segmenter: Network, phantoms: Dataset) -> None:
    given = {"network": segmenter.pk, "dataset": phantoms.pk, "seed": 0, "method-edge-map": "on"}
    form = RunForm(given | {"region": "boundary"})
    assert form.is_valid(), form.errors
    assert form.asked("method") == [{"method": "edge-map", "parameters": {}, "region": "boundary"}]
    usual = RunForm(given)
    assert usual.is_valid(), usual.errors
    assert usual.asked("method")[0]["region"] == "predicted"
