"""Two processes share a run's images: every map once, the second time nothing, a failure told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from django.core.management import CommandError, call_command

from portal.catalog.models import Dataset
from portal.explanations import sharing
from portal.explanations.errors import ExplanationError
from portal.explanations.models import Explanation, Run, Score
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.networks.models import Network
from portal.parts.services import sync_registry

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_two_processes_make_each_map_once(tmp_path: Path) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.config.settings.base",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'shared.sqlite3'}",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "tests.portal.explanations.share", str(tmp_path / "networks")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["maps"] == found["scores"] == 2 * 5 * 2
    assert found["same"]
    assert found["last"] == [40, 40]
    assert found["expected"] == found["present"] == 40
    assert found["complaint"]


@pytest.mark.django_db
def test_the_parts_make_up_the_whole(classifier: Network, phantoms: Dataset) -> None:
    from explainers.methods import registry

    sync_registry(registry)
    run = plan_run(network=classifier, dataset=phantoms, methods=["edge-map"])
    assert explain_run(run, part=0, parts=3) == 2
    seen = set(Explanation.objects.values_list("image", flat=True))
    assert explain_run(run, part=1, parts=3) == 1
    assert explain_run(run, part=2, parts=3) == 1
    assert len(seen) == 2
    assert Explanation.objects.values("image").distinct().count() == 4
    assert explain_run(run) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [("1", "--part=2", "--parts=2"), ("99", "--part=0", "--parts=1")])
def test_a_wrong_part_is_a_mistake(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("run_part", *arguments)
    assert caught.value.returncode == 2


KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
REFUSED = "import sys; sys.exit('CommandError: 1 of the maps could not be made: lrp on phantom-001: why.')"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("failing", "sentence"),
    [(KILLED, "ended by signal 9; the same command goes on from here"), (REFUSED, "^1 of the maps could not be made")],
)
def test_where_one_process_fails_the_others_go_on(
    classifier: Network, phantoms: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, sentence: str
) -> None:
    """The processes are small programs in the place of run_part: one fails at once, one works on and leaves a file."""
    from explainers.methods import registry

    sync_registry(registry)
    run = plan_run(network=classifier, dataset=phantoms, methods=["edge-map"])
    done = tmp_path / "done"
    working = f"import time, pathlib; time.sleep(0.5); pathlib.Path({str(done)!r}).touch()"

    def start(runs: object, part: int, parts: int, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        program = failing if part == 0 else working
        return subprocess.Popen([sys.executable, "-c", program], stdout=complaints, stderr=complaints)

    monkeypatch.setattr(sharing, "_start", start)
    with pytest.raises(ExplanationError, match=sentence):
        sharing.share_runs([run], processes=2)
    assert done.exists()


@pytest.mark.django_db
def test_progress_tells_images_a_second_of_what_is_new(
    classifier: Network, phantoms: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of four maps are there before; one more after ten seconds is a quarter of the four images in ten seconds."""
    from explainers.methods import registry

    sync_registry(registry)
    run = plan_run(network=classifier, dataset=phantoms, methods=["edge-map"])
    there, now, told = iter([2, 2, 3]), iter([100.0, 100.0, 110.0]), []
    monkeypatch.setattr(sharing, "present", lambda run: next(there))
    monkeypatch.setattr("portal.explanations.sharing.time.monotonic", lambda: next(now))
    tell = sharing._Telling([run], lambda done, total, message="": told.append((done, total, message)))
    tell()
    tell()
    assert told == [(2, 4, ""), (3, 4, "0.1 images/s")]


@pytest.mark.django_db
def test_an_interrupted_command_says_how_to_go_on(
    classifier: Network, phantoms: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.explanations.management.commands import explain

    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(explain, "explain_run", interrupt)
    with pytest.raises(CommandError, match="Run the same command again") as caught:
        call_command("explain", "--model", "classifier", "--dataset", "phantoms", "--methods", "edge-map")
    assert caught.value.returncode == 130


@pytest.mark.django_db
def test_all_is_every_method(classifier: Network, phantoms: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from explainers.methods import registry
    from portal.explanations.management.commands import explain

    monkeypatch.setattr(explain, "explain_run", lambda run, progress: len(run.methods))
    call_command("explain", "--model", "classifier", "--dataset", "phantoms", "--methods", "all")
    assert [entry["method"] for entry in Run.objects.get().methods] == [part.name for part in registry]


@pytest.mark.django_db
def test_a_refused_map_does_not_keep_others_from_being_scored(
    classifier: Network, phantoms: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evaluation.metrics import registry as metrics
    from explainers.methods import registry

    def refuse(*_: object) -> None:
        raise ValueError("It does not apply.")

    sync_registry(registry)
    sync_registry(metrics)
    run = plan_run(network=classifier, dataset=phantoms, methods=["edge-map", "centre-map"], metrics=["sparseness"])
    monkeypatch.setattr(registry["centre-map"], "compute", refuse)
    with pytest.raises(CommandError, match=r"^4 of the maps could not be made: centre-map on .*, and 3 more\.$"):
        call_command("run_part", str(run.pk), "--part=0", "--parts=1")
    assert Score.objects.count() == 4
