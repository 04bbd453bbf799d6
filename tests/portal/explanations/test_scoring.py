"""Every map gets one score a metric, or none with the reason."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluation.metrics import registry as metrics
from explainers.methods import registry as methods
from foundation.targets import ClassTarget, Target
from portal.catalog.models import Dataset
from portal.catalog.selectors import reference_mask
from portal.explanations.models import Explanation, Run, Score
from portal.explanations.scoring import NO_MASK, NO_NETWORK, score_run
from portal.explanations.selectors import current_explanations, map_of, scores_table
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.networks.models import Network
from portal.networks.preprocessing import prepare_mask
from portal.networks.work import load_network, prepare
from portal.parts.services import sync_registry

pytestmark = [pytest.mark.django_db, pytest.mark.db]
METRICS = ["deletion", "pointing-game", "sparseness", "model-randomisation"]


@pytest.fixture(autouse=True)
def _parts(db: None) -> None:
    sync_registry(methods)
    sync_registry(metrics)


def explained(network: Network, dataset: Dataset, *names: str) -> Run:
    run = plan_run(network=network, dataset=dataset, methods=names, metrics=METRICS, seed=5)
    explain_run(run)
    return run


def test_it_scores_each_map_once(classifier: Network, phantoms: Dataset) -> None:
    run = explained(classifier, phantoms, "grad-cam", "random-map")
    assert score_run(run) == 8 * len(METRICS)
    assert Score.objects.count() == 8 * len(METRICS)
    assert score_run(run) == 0


def test_other_parameters_under_the_same_label_are_scored_anew(classifier: Network, phantoms: Dataset) -> None:
    explain_run(plan_run(network=classifier, dataset=phantoms, methods=["grad-cam"], seed=5))

    def with_steps(steps: int) -> Run:
        metric = {"metric": "deletion", "parameters": {"steps": steps}}
        return plan_run(network=classifier, dataset=phantoms, methods=["grad-cam"], metrics=[metric], seed=5)

    assert score_run(with_steps(4)) == 4
    before = dict(Score.objects.values_list("explanation_id", "value"))
    assert score_run(with_steps(9)) == 4
    assert Score.objects.count() == 4
    assert {row.parameters["steps"] for row in Score.objects.all()} == {9}
    assert dict(Score.objects.values_list("explanation_id", "value")) != before
    assert score_run(with_steps(9)) == 0


def test_the_stored_score_is_the_metrics_own(classifier: Network, phantoms: Dataset) -> None:
    """Oracle: each metric called directly, alone, on the stored map."""
    score_run(explained(classifier, phantoms, "grad-cam"))
    model, target = load_network(classifier), ClassTarget(1)
    for explanation in Explanation.objects.all():
        image = prepare(explanation.image, classifier)
        mask = reference_mask(explanation.image)
        assert mask is not None
        masks = torch.from_numpy(prepare_mask(mask, (32, 32)))[None]
        maps = torch.from_numpy(map_of(explanation))[None]

        def explain(model: torch.nn.Module, images: torch.Tensor, target: Target) -> torch.Tensor:
            return methods["grad-cam"]().explain(model, images, target, seed=5)

        for name in METRICS:
            expected = float(metrics[name]().score(model, image, maps, target, masks=masks, explain=explain, seed=5))
            stored = explanation.scores.get(label=name)
            if np.isnan(expected):
                assert stored.value is None
                assert stored.reason
            else:
                assert stored.value == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_what_is_undefined_says_why(classifier: Network, phantoms: Dataset) -> None:
    run = explained(classifier, phantoms, "random-map")
    phantoms.cases.get(slug="phantom-001").reference_standards.all().delete()
    score_run(run)
    assert set(Score.objects.filter(metric="model-randomisation").values_list("value", "reason")) == {
        (None, NO_NETWORK)
    }
    unknown = Score.objects.get(metric="pointing-game", explanation__image__case__slug="phantom-001")
    assert (unknown.value, unknown.reason) == (None, NO_MASK)
    assert not Score.objects.filter(value=None, reason="").exists()


def test_it_goes_on_where_it_was_interrupted(classifier: Network, phantoms: Dataset) -> None:
    run = explained(classifier, phantoms, "grad-cam", "edge-map")

    def pull_the_plug(done: int, total: int, message: str = "") -> None:
        assert total == 32
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_run(run, pull_the_plug)
    assert Score.objects.count() == 8
    assert score_run(run) == 24
    assert Score.objects.count() == 32


def test_a_metric_added_later_is_all_that_is_computed(classifier: Network, phantoms: Dataset) -> None:
    run = explained(classifier, phantoms, "grad-cam")
    score_run(run)
    more = plan_run(network=classifier, dataset=phantoms, methods=["grad-cam"], metrics=[*METRICS, "entropy"], seed=5)
    assert score_run(more) == 4


def test_nothing_to_score_is_an_error(classifier: Network, phantoms: Dataset) -> None:
    run = plan_run(network=classifier, dataset=phantoms, methods=["grad-cam"], metrics=METRICS)
    with pytest.raises(ValueError, match="no such maps to score"):
        score_run(run)


def test_a_segmenters_maps_are_scored_too(segmenter: Network, phantoms: Dataset) -> None:
    score_run(explained(segmenter, phantoms, "grad-cam", "ground-truth-mask"))
    assert Score.objects.filter(metric="deletion", value__isnull=False).count() == 8


def test_the_table_has_a_row_a_score(classifier: Network, phantoms: Dataset) -> None:
    score_run(explained(classifier, phantoms, "grad-cam"))
    table = scores_table(current_explanations(classifier, phantoms))
    assert len(table) == 4 * len(METRICS)
    assert set(table["metric"]) == set(METRICS)
