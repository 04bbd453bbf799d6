"""Maps made elsewhere become explanations like our own, or nothing changes and one sentence says why."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from evaluation.metrics import registry as metrics
from explainers.methods import registry as methods
from portal.audit.models import Entry
from portal.catalog.models import Dataset
from portal.catalog.selectors import approved_images
from portal.explanations.models import Explanation, Prediction, Score
from portal.explanations.scoring import MADE_ELSEWHERE, NO_MASK
from portal.explanations.selectors import map_of
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.networks.models import Network
from portal.parts.services import sync_registry
from studies.world import known_methods

pytestmark = pytest.mark.django_db

RUN: dict[str, Any] = {"tool": "captum", "version": "0.9.0", "params": {"n_steps": 50}, "seconds": 0.25}
MAPS = {"captum-ig": 1.0, "captum-noise": 2.0}


@pytest.fixture
def delivery(tmp_path: Path, phantoms: Dataset) -> Path:
    """Two maps of each of the four cases."""
    folder = tmp_path / "delivery"
    for number, image in enumerate(approved_images(phantoms)):
        place = folder / image.case.slug
        place.mkdir(parents=True)
        for name, scale in MAPS.items():
            generator = np.random.default_rng(number)
            np.save(place / f"{name}.npy", (generator.standard_normal((32, 32)) * scale).astype(np.float32))
    describe(folder)
    return folder


def describe(folder: Path, **changes: Any) -> None:
    given = {name: value for name, value in (RUN | changes).items() if value is not None}
    (folder / "run.json").write_text(json.dumps(given))


def call(folder: Path, *more: str, model: str = "classifier", dataset: str = "phantoms") -> str:
    output = io.StringIO()
    call_command("import_maps", str(folder), "--model", model, "--dataset", dataset, *more, stdout=output)
    return output.getvalue()


def test_a_delivery_becomes_explanations(classifier: Network, delivery: Path) -> None:
    described = {"captum-noise": {"control": True, "params": {"sd": 1}, "seconds": 0.5}}
    describe(delivery, methods=described, weights_sha256=classifier.weights_sha256)
    assert call(delivery) == "8 maps imported (captum-ig, captum-noise) of 4 of the 4 cases.\n"
    made = Explanation.objects.get(label="captum-ig", image__case__slug="phantom-002")
    np.testing.assert_array_equal(map_of(made), np.load(delivery / "phantom-002" / "captum-ig.npy"))
    assert map_of(made).dtype == np.float32
    assert (made.method, made.method_version, made.seconds) == ("imported", "0.9.0", 0.25)
    assert made.parameters == {"n_steps": 50}
    assert made.target == {"kind": "class", "index": 1, "name": "nodule"}
    assert made.provenance["origin"] == "imported"
    assert made.provenance["tool"] == "captum"
    assert made.provenance["weights_stated"]
    assert not made.is_control
    other = Explanation.objects.filter(label="captum-noise").earliest("pk")
    assert (other.is_control, other.parameters, other.seconds) == (True, {"sd": 1}, 0.5)
    assert Prediction.objects.count() == 4
    entry = Entry.objects.latest("pk")
    assert (entry.action, entry.detail["maps"], entry.detail["tool"]) == ("maps.imported", 8, "captum")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(classifier: Network, delivery: Path) -> None:
    entries = Entry.objects.count()
    assert "8 maps would be imported" in call(delivery, "--dry-run")
    assert not Explanation.objects.exists()
    assert not Prediction.objects.exists()
    assert Entry.objects.count() == entries


def test_some_cases_may_be_without(classifier: Network, delivery: Path) -> None:
    for path in (delivery / "phantom-001").iterdir():
        path.unlink()
    (delivery / "phantom-001").rmdir()
    (delivery / ".DS_Store").touch()
    assert "6 maps imported (captum-ig, captum-noise) of 3 of the 4 cases" in call(delivery)


class Trap:
    """Unpickling it would be noticed."""

    sprung = False

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return spring, ()


def spring() -> None:
    Trap.sprung = True


def put(name: str, values: Any) -> Any:
    return lambda folder: np.save(folder / "phantom-003" / name, values, allow_pickle=True)


def zeros(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


def overwritten(name: str, content: bytes) -> Any:
    return lambda folder: (folder / name).write_bytes(content)


def changed(**changes: Any) -> Any:
    return lambda folder: describe(folder, **changes)


def archived(folder: Path) -> None:
    np.savez(folder / "archive.npz", values=zeros(32, 32))
    (folder / "archive.npz").rename(folder / "phantom-003" / "captum-ig.npy")


def infinite() -> Any:
    values = zeros(32, 32)
    values[3, 4] = np.inf
    return values


MISTAKES = {
    "pickled objects": (put("captum-ig.npy", np.array([Trap()], object)), "not an .npy file of plain numbers"),
    "a pickle by the name of a map": (
        overwritten("phantom-003/captum-ig.npy", pickle.dumps(Trap())),
        "phantom-003/captum-ig.npy is not an .npy file of plain numbers",
    ),
    "an archive": (archived, "not an .npy file of plain numbers"),
    "an empty file": (overwritten("phantom-003/captum-ig.npy", b""), "not an .npy file"),
    "a cut file": (
        lambda folder: cut(folder / "phantom-003/captum-ig.npy"),
        "phantom-003/captum-ig.npy is not an .npy file",
    ),
    "another type": (put("captum-ig.npy", np.zeros((32, 32))), "holds float64; a map is float32"),
    "another grid": (put("captum-ig.npy", zeros(64, 64)), r"has the shape \(64, 64\); .* \(32, 32\)"),
    "a batch": (put("captum-ig.npy", zeros(1, 32, 32)), r"has the shape \(1, 32, 32\)"),
    "infinity": (put("captum-ig.npy", infinite()), "not finite"),
    "nan": (put("captum-ig.npy", zeros(32, 32) * np.nan), "not finite"),
    "a name of our own": (put("grad-cam.npy", zeros(32, 32)), "'grad-cam' is a name of our own"),
    "our word for them": (put("imported.npy", zeros(32, 32)), "'imported' is a name of our own"),
    "no slug": (put("My map.npy", zeros(32, 32)), "does not name a method"),
    "a pickle": (overwritten("phantom-003/maps.pkl", b"x"), "phantom-003/maps.pkl is no map"),
    "a stray file": (overwritten("notes.txt", b"x"), "notes.txt is neither run.json nor the folder of a case"),
    "an unknown case": (
        lambda folder: (folder / "phantom-003").rename(folder / "phantom-999"),
        "no approved case 'phantom-999'",
    ),
    "no run.json": (lambda folder: (folder / "run.json").unlink(), "There is no run.json in delivery"),
    "no json": (overwritten("run.json", b"{"), "run.json is not JSON"),
    "not an object": (overwritten("run.json", b"[]"), "must hold an object"),
    "nan in json": (overwritten("run.json", b'{"seconds": NaN}'), "NaN is no number"),
    "no tool": (changed(tool=None), "lacks the field 'tool'"),
    "no seconds": (changed(seconds=None), "lacks the field 'seconds'"),
    "an empty version": (changed(version=""), "'version' in run.json must be a short text"),
    "negative seconds": (changed(seconds=-1), "'seconds' in run.json must be a number"),
    "params as text": (changed(params="n=5"), "'params' in run.json must be an object"),
    "an unknown field": (changed(author="me"), "run.json has no field 'author'"),
    "other weights": (changed(weights_sha256="0" * 64), "of other weights"),
    "no hash": (changed(weights_sha256="abc"), "64 hexadecimal digits"),
    "a method without maps": (changed(methods={"captum-lime": {}}), "'captum-lime', of which there is no map"),
    "a method's unknown field": (changed(methods={"captum-ig": {"title": "x"}}), "has no field 'title'"),
    "a flag as text": (changed(methods={"captum-ig": {"control": "no"}}), "must be true or false"),
}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_gets_one_sentence_and_changes_nothing(
    classifier: Network, delivery: Path, mistake: Any, sentence: str
) -> None:
    mistake(delivery)
    for more in ([], ["--dry-run"]):
        with pytest.raises(CommandError, match=sentence) as caught:
            call(delivery, *more)
        assert caught.value.returncode == 2
        assert "\n" not in str(caught.value)
    assert not Explanation.objects.exists()
    assert not Entry.objects.filter(action="maps.imported").exists()
    assert not Trap.sprung


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"model": "x"}, "There is no model 'x'"),
        ({"dataset": "x"}, "There is no dataset 'x'"),
    ],
)
def test_an_unknown_name(classifier: Network, delivery: Path, named: dict[str, str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call(delivery, **named)


def test_there_is_no_folder(classifier: Network, phantoms: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        call(tmp_path / "nothing")


def test_an_empty_folder(classifier: Network, phantoms: Dataset, tmp_path: Path) -> None:
    describe(tmp_path)
    (tmp_path / "classifier").rename(tmp_path / ".classifier")  # the network's own folder
    with pytest.raises(CommandError, match="There are no maps in"):
        call(tmp_path)


def test_a_second_import_is_refused(classifier: Network, delivery: Path) -> None:
    call(delivery)
    with pytest.raises(CommandError, match="There is a map 'captum-ig' of phantom-001 already"):
        call(delivery)
    assert Explanation.objects.count() == 8


def test_they_are_scored_like_our_own(classifier: Network, delivery: Path, phantoms: Dataset) -> None:
    """Oracle: a map of our own, handed in under another name, gets the very scores of the original."""
    sync_registry(methods)
    explain_run(plan_run(network=classifier, dataset=phantoms, methods=["grad-cam"]))
    for made in Explanation.objects.filter(label="grad-cam"):
        np.save(delivery / made.image.case.slug / "captum-ig.npy", map_of(made))
    call(delivery)
    asked = "deletion,sparseness,pointing-game,random-logit,max-sensitivity,model-randomisation"
    call_command("score", "--model", "classifier", "--dataset", "phantoms", "--metrics", asked, stdout=io.StringIO())
    assert Score.objects.filter(explanation__label="captum-ig").count() == 4 * 6
    for score in Score.objects.filter(explanation__label="captum-ig"):
        own = Score.objects.get(
            explanation__label="grad-cam", explanation__image=score.explanation.image, label=score.label
        )
        if "explain" in metrics[score.metric].needs:
            assert (score.value, score.reason) == (None, MADE_ELSEWHERE)
        else:
            assert (score.value, score.reason) == (own.value, own.reason)
            assert score.value is not None or score.reason == NO_MASK or score.metric == "pointing-game"


def test_a_protocol_may_choose_them(classifier: Network, delivery: Path) -> None:
    describe(delivery, methods={"captum-noise": {"control": True}, "captum-ig": {"truth_derived": True}})
    call(delivery)
    known = known_methods()
    assert known["captum-noise"].is_control
    assert known["captum-ig"].truth_derived
