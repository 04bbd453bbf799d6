"""Maps are scored as readers see them, too, and beside controls that explain nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command

from evaluation.metrics import registry as metrics
from evaluation.metrics.controls import control_maps
from explainers.methods import registry as methods
from foundation.provenance import digest_array
from foundation.seeds import derive
from foundation.targets import ClassTarget
from portal.catalog.models import Dataset
from portal.catalog.selectors import reference_mask
from portal.display import native, seen
from portal.explanations.controls import DRAWS, KINDS, is_controlled
from portal.explanations.errors import ExplanationError
from portal.explanations.models import Explanation, Run, Score
from portal.explanations.plans import NEED_A_UNIT, displayed_plan, metric_plan
from portal.explanations.scoring import NO_MASK, score_run
from portal.explanations.selectors import map_of, run_scores, scores_wanted
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.networks.models import Network
from portal.networks.preprocessing import prepare_mask
from portal.networks.work import load_network, prepare
from portal.parts.services import sync_registry

pytestmark = [pytest.mark.django_db, pytest.mark.db]
SHOWN = "native-positive"


@pytest.fixture(autouse=True)
def _parts(db: None) -> None:
    sync_registry(methods)
    sync_registry(metrics)


def scored(network: Network, dataset: Dataset, *names: str, method: str = "lrp", shown: str = SHOWN) -> Run:
    run = plan_run(network=network, dataset=dataset, methods=[method], metrics=names, displayed=[shown], seed=5)
    explain_run(run)
    score_run(run)
    return run


def test_the_displayed_score_is_the_metrics_own_of_what_was_shown(classifier: Network, phantoms: Dataset) -> None:
    """Oracle: the metric called directly on the shown bytes read back; the hash is that of the stimulus."""
    run = scored(classifier, phantoms, "srg", "sparseness")
    model, target = load_network(classifier), ClassTarget(1)
    for explanation in Explanation.objects.all():
        image = explanation.image
        raw = map_of(explanation)
        shown = native(raw, rows=image.rows, columns=image.columns, sign="positive")
        values, _ = seen(raw, SHOWN, rows=image.rows, columns=image.columns)
        for name in ("srg", "sparseness"):
            stored = explanation.scores.get(label=name, presentation=SHOWN)
            maps = torch.from_numpy(values)[None]
            expected = float(metrics[name]().score(model, prepare(image, classifier), maps, target, seed=5))
            assert stored.shown == digest_array(shown.array)
            if np.isnan(expected):  # the sign rule left nothing of the map
                assert (stored.value, bool(stored.reason)) == (None, True)
                continue
            assert stored.value == pytest.approx(expected, rel=1e-5)
            assert stored.value != explanation.scores.get(label=name, presentation="raw").value
    assert run_scores(run).count() == scores_wanted(run) == 16
    assert score_run(run) == 0


def test_other_shown_bytes_are_scored_anew(classifier: Network, phantoms: Dataset) -> None:
    run = scored(classifier, phantoms, "sparseness")
    Score.objects.filter(presentation=SHOWN).update(shown="0" * 64)
    assert score_run(run) == 4
    assert not Score.objects.filter(shown="0" * 64).exists()


def test_a_second_presentation_leaves_the_first(classifier: Network, phantoms: Dataset) -> None:
    scored(classifier, phantoms, "sparseness")
    scored(classifier, phantoms, "sparseness", shown="harmonised-signed")
    assert set(Score.objects.values_list("presentation", flat=True)) == {"raw", SHOWN, "harmonised-signed"}


def test_by_itself_a_plan_asks_what_is_cheap_of_shown_maps_and_one_faithfulness_metric() -> None:
    plan = metric_plan(["deletion", "srg", "pointing-game", "sparseness", "model-randomisation"])
    assert displayed_plan([SHOWN], plan) == {SHOWN: ["srg", "pointing-game", "sparseness"]}
    assert displayed_plan({SHOWN: ["deletion"]}, plan) == {SHOWN: ["deletion"]}
    assert displayed_plan([], plan) == {}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["native"], "'native' is none"),
        ({SHOWN: ["model-randomisation"]}, "cannot be asked of a map as readers see it"),
        ({SHOWN: ["srg"]}, "none of the planned metrics"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: object, says: str) -> None:
    with pytest.raises(ExplanationError, match=says):
        displayed_plan(asked, metric_plan(["deletion", "model-randomisation"]))  # type: ignore[arg-type]


def test_all_that_is_asked_of_shown_maps_needs_no_unit(classifier: Network) -> None:
    """A shown map has lost its unit: three times the map must score the same, or the metric is on the list."""
    images = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    maps = torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(2))
    masks = torch.zeros(1, 32, 32, dtype=torch.bool)
    masks[:, 4:12, 6:14] = True
    model, target = load_network(classifier), ClassTarget(1)
    for part in metrics:
        if "explain" in part.needs:
            continue
        once, thrice = (part().score(model, images, k * maps, target, masks=masks, seed=1) for k in (1.0, 3.0))
        same = torch.allclose(once, thrice, rtol=1e-4, atol=1e-5, equal_nan=True)
        assert same != (part.name in NEED_A_UNIT), part.name


def test_localisation_stands_beside_its_controls(classifier: Network, phantoms: Dataset) -> None:
    """Oracle: the mean over control maps, each scored alone."""
    scored(classifier, phantoms, "relevance-mass", "sparseness", method="grad-cam")
    assert all(score.controls == {} for score in Score.objects.filter(label="sparseness"))
    assert all(score.controls == {} for score in Score.objects.exclude(presentation="raw"))
    seen_defined = 0
    for score in Score.objects.filter(label="relevance-mass", presentation="raw"):
        assert set(score.controls) == set(KINDS)
        if score.value is None:
            assert {control["reason"] for control in score.controls.values()} == {score.reason}
            continue
        seen_defined += 1
        image = score.explanation.image
        mask = reference_mask(image)
        assert mask is not None
        masks = torch.from_numpy(prepare_mask(mask, (32, 32)))[None]
        maps = torch.from_numpy(map_of(score.explanation))[None]
        for kind in KINDS:
            drawn = [control_maps(maps, kind, derive(5, draw)) for draw in range(DRAWS)]
            values = [
                float(metrics["relevance-mass"]().score(None, prepare(image, classifier), each, None, masks=masks))
                for each in drawn
            ]
            assert score.controls[kind]["value"] == pytest.approx(np.mean(values), rel=1e-4)
            assert score.controls[kind]["standard_error"] == pytest.approx(np.std(values, ddof=1) / 2, rel=1e-3)
    assert seen_defined


def test_a_score_from_before_its_controls_is_made_again(classifier: Network, phantoms: Dataset) -> None:
    run = scored(classifier, phantoms, "pointing-game", method="edge-map")
    Score.objects.filter(presentation="raw").update(controls={})
    assert score_run(run) == 4


def test_without_a_mask_there_are_no_controls_either(classifier: Network, phantoms: Dataset) -> None:
    run = plan_run(network=classifier, dataset=phantoms, methods=["edge-map"], metrics=["pointing-game"])
    explain_run(run)
    phantoms.cases.get(slug="phantom-001").reference_standards.all().delete()
    score_run(run)
    score = Score.objects.get(explanation__image__case__slug="phantom-001")
    assert score.controls["random"]["reason"] == NO_MASK


def test_noise_is_stored_where_it_comes_with_the_draws(classifier: Network, phantoms: Dataset) -> None:
    """Oracle: the metric asked directly for its error; a metric without chance has none."""
    scored(classifier, phantoms, "faithfulness-correlation", "deletion", method="grad-cam")
    model, target = load_network(classifier), ClassTarget(1)
    for explanation in Explanation.objects.all()[:2]:
        maps = torch.from_numpy(map_of(explanation))[None]
        image = prepare(explanation.image, classifier)
        found = metrics["faithfulness-correlation"]().score_with_errors(model, image, maps, target, seed=5)
        stored = explanation.scores.get(label="faithfulness-correlation", presentation="raw")
        assert found.errors is not None
        assert stored.standard_error == pytest.approx(float(found.errors[0]), rel=1e-4)
        assert explanation.scores.get(label="deletion", presentation="raw").standard_error is None


def test_controls_go_with_localisation_and_road() -> None:
    assert {part.family for part in metrics if is_controlled(part())} <= {"localisation", "faithfulness"}
    assert all(is_controlled(part()) for part in metrics if part.family == "localisation")


def test_the_command_scores_shown_maps_and_refuses_other_ways_of_showing(
    classifier: Network, phantoms: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    explain_run(plan_run(network=classifier, dataset=phantoms, methods=["edge-map"]))
    asked = {"model": classifier.slug, "dataset": phantoms.slug, "metrics": "sparseness"}
    call_command("score", **asked, presentations=f"{SHOWN},harmonised-positive")
    assert "12 scores written" in capsys.readouterr().out
    with pytest.raises(CommandError, match="'blurred' is none") as error:
        call_command("score", **asked, presentations="blurred")
    assert error.value.returncode == 2


def test_interrupted_it_makes_only_what_is_missing(classifier: Network, phantoms: Dataset) -> None:
    run = plan_run(
        network=classifier, dataset=phantoms, methods=["edge-map"], metrics=["sparseness", "entropy"], displayed=[SHOWN]
    )
    explain_run(run)

    def pull_the_plug(done: int, total: int, message: str = "") -> None:
        assert (done, total) == (4, 16)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_run(run, pull_the_plug)
    assert run_scores(run).count() == 4
    assert score_run(run) == 12
    assert run_scores(run).count() == scores_wanted(run)
