"""Building the demo step by step; each step finds what an earlier, perhaps interrupted, run has left."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.catalog.demo import SLUG, store_reading_set
from portal.catalog.selectors import dataset_of
from portal.explanations.services import plan_run
from portal.explanations.sharing import share_runs
from portal.jobs.progress import bar
from portal.networks.models import Network, NetworkTask
from portal.networks.work import register_folder
from studies.models import Invitation, ProtocolVersion, Report, RunKind, Study, StudyState
from studies.services.design import close_study, launch_study, load_protocol, lock_study
from studies.services.invite import create_invitation, hash_of
from studies.services.report import build_report, write_report

WEIGHTS = settings.BASE_DIR / "platform" / "portal" / "networks" / "weights"
PROTOCOLS = Path(__file__).resolve().parent
NETWORKS = ("chest-clean", "chest-shortcut", "nodule-unet")
METHODS = ("grad-cam", "grad-cam++", "score-cam", "lrp", "kernel-shap")
CONTROLS = ("random-map", "edge-map", "centre-map", "ground-truth-mask", "randomised-model")
METRICS = (
    "deletion",
    "insertion",
    "srg",
    "pointing-game",
    "relevance-mass",
    "sparseness",
    # One stage: each costs an explanation, and the demo is to be ready in minutes.
    {"metric": "model-randomisation", "parameters": {"steps": 1}},
)
PRESENTATION = "native-positive"
"""As both of the demo's protocols show maps."""
SHOWN: dict[str, Sequence[str] | dict[str, list[str]]] = {
    NetworkTask.CLASSIFICATION: [PRESENTATION],
    # A faithfulness metric of the segmenter's shown maps alone would take a minute of the demo.
    NetworkTask.SEGMENTATION: {PRESENTATION: ["pointing-game", "relevance-mass", "sparseness"]},
}
READERS, SEED = 16, 7
RESEARCHER = "researcher@demo.example"


@dataclass
class Keys:
    """What the demo prints at its end, kept in a file that only its owner can read."""

    password: str
    invitation: str = ""

    @classmethod
    def kept(cls, path: Path) -> Keys:
        """Those of the last run, or new ones."""
        if path.exists():
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        return cls(password="-".join(secrets.token_hex(2) for _ in range(4)))

    def keep(self, path: Path) -> None:
        """Write them down."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def store_networks() -> None:
    """The three networks whose weights come with the code."""
    with bar("Networks", "model") as progress:
        for done, slug in enumerate(NETWORKS, start=1):
            register_folder(WEIGHTS / slug)
            progress(done, len(NETWORKS), slug)


def store_phantoms() -> None:
    """Twenty-four cases to read."""
    with bar("Phantoms", "case") as progress:
        store_reading_set(progress=progress)


def explain_and_score() -> None:
    """Every method and control on every case for every network, then every metric of every map."""
    dataset = dataset_of(SLUG)
    runs = [
        plan_run(
            network=network,
            dataset=dataset,
            methods=[*METHODS, *CONTROLS],
            metrics=list(METRICS),
            displayed=SHOWN[network.task],
        )
        for network in Network.objects.filter(slug__in=NETWORKS)
    ]
    with bar("Maps and scores", "value") as progress:
        share_runs(runs, progress=progress)


def open_study(name: str) -> ProtocolVersion:
    """The study of one of the demo's protocols: loaded, locked and launched where it is not yet."""
    source = (PROTOCOLS / f"{name}.yaml").read_text(encoding="utf-8")
    slug = _slug_in(source)
    study = Study.objects.filter(slug=slug).first() or load_protocol(source=source).study
    if study.state == StudyState.DRAFT:
        with bar(f"Locking {slug}", "stimulus") as progress:
            lock_study(study=study, progress=progress)
        study.refresh_from_db()
    if study.state == StudyState.LOCKED:
        launch_study(study=study)
    return study.versions.latest("number")


def finish_study(version: ProtocolVersion) -> None:
    """Simulated readers answer over HTTP; then the study is closed."""
    study = Study.objects.get(pk=version.study_id)
    if study.state == StudyState.LIVE:
        call_command("simulate_readers", study.slug, readers=READERS, seed=SEED)
        close_study(study=study)


def report_on(version: ProtocolVersion, out: Path) -> Iterable[Path]:
    """The report of the simulated readers' answers, made once, and copied where the demo shows it."""
    report = Report.objects.filter(version=version).first()
    if report is None:
        with bar("Report", "step") as progress:
            report = build_report(version=version, run_kinds=[RunKind.BOT.value], progress=progress)
    return write_report(report, out)


def researcher(keys: Keys) -> User:
    """The demo's researcher, with the password that is printed."""
    user = User.objects.filter(email=RESEARCHER).first()
    if user is None:
        user = User.objects.create_user(RESEARCHER, keys.password, role=Role.ADMINISTRATOR)
    elif not user.check_password(keys.password):
        user.set_password(keys.password)
        user.save()
    return user


def invite(study: Study, keys: Keys, actor: User) -> str:
    """A reader's way in: the invitation printed before while it is good, else a new one."""
    still_good = Invitation.objects.filter(
        token_hash=hash_of(keys.invitation),
        study=study,
        used_at=None,
        revoked_at=None,
        expires_at__gt=timezone.now() + timedelta(days=1),
    )
    if not keys.invitation or not still_good.exists():
        _invitation, keys.invitation = create_invitation(study=study, note="Printed by the demo", days=30, actor=actor)
    return keys.invitation


def _slug_in(source: str) -> str:
    line = next(line for line in source.splitlines() if line.startswith("study:"))
    return line.removeprefix("study:").split("#")[0].strip()
