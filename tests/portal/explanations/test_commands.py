"""The commands work, resume, and answer a user's mistake with one sentence and status 2."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from portal.catalog.models import Dataset
from portal.explanations.models import Explanation, Run, Score
from portal.networks.models import Network

pytestmark = pytest.mark.django_db


def call(*arguments: str) -> str:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_explain_then_score(classifier: Network, phantoms: Dataset) -> None:
    both = ("--model", "classifier", "--dataset", "phantoms")
    assert "8 maps made" in call("explain", *both, "--methods", "grad-cam,random-map", "--seed", "2")
    assert "0 maps made" in call("explain", *both, "--methods", "grad-cam, random-map", "--seed", "2")
    assert "16 scores written" in call("score", *both, "--metrics", "deletion,pointing-game")
    assert "0 scores written" in call("score", *both, "--metrics", "deletion,pointing-game")
    assert "4 scores written" in call("score", *both, "--metrics", "sparseness", "--methods", "grad-cam")
    assert (Explanation.objects.count(), Score.objects.count()) == (8, 20)


def test_a_segmenter_may_be_asked_for_a_region(segmenter: Network, phantoms: Dataset) -> None:
    both = ("--model", "segmenter", "--dataset", "phantoms", "--methods", "edge-map")
    assert "4 maps made" in call("explain", *both, "--region", "boundary:3")
    assert "4 maps made" in call("explain", *both)
    targets = [explanation.target for explanation in Explanation.objects.order_by("id")]
    assert {(target["region"], target["width"]) for target in targets[:4]} == {("boundary", 3)}
    assert {explanation.label for explanation in Explanation.objects.all()} == {"edge-map", "edge-map-boundary-3"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("explain", "--model", "classifier", "--dataset", "phantoms", "--methods", "lrp", "--region", "boundary"),
            "is a classifier",
        ),
        (
            ("explain", "--model", "classifier", "--dataset", "phantoms", "--methods", "lrp", "--region", "border"),
            "A region is one of predicted",
        ),
        (("explain", "--model", "x", "--dataset", "phantoms", "--methods", "lrp"), "There is no model 'x'"),
        (("explain", "--model", "classifier", "--dataset", "x", "--methods", "lrp"), "There is no dataset 'x'"),
        (("explain", "--model", "classifier", "--dataset", "phantoms", "--methods", "grad_cam"), "Did you mean"),
        (("explain", "--model", "classifier", "--dataset", "phantoms", "--methods", ","), "at least one method"),
        (("score", "--model", "classifier", "--dataset", "phantoms", "--metrics", "deletoin"), "Did you mean deletion"),
        (("score", "--model", "classifier", "--dataset", "phantoms", "--metrics", "deletion"), "explain first"),
    ],
)
def test_a_mistake_gets_one_sentence(
    classifier: Network, phantoms: Dataset, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence) as caught:
        call(*arguments)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert not Run.objects.exists()
