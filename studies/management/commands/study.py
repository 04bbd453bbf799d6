"""A study's life without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from studies.errors import UnknownStudy
from studies.models import ProtocolVersion, Study, StudyState
from studies.protocol import attempt_to_read, errors
from studies.services import design


class Command(BaseCommand):
    help = "Check, load, lock, launch or close a study, named by its protocol's file or by its short name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["check", "load", "lock", "launch", "close"])
        parser.add_argument("study", metavar="PROTOCOL.yaml or SLUG")
        parser.add_argument("--reason", default="", help="Why a frozen protocol is followed by a new version.")

    def handle(self, *args: Any, **options: Any) -> None:
        act = {
            "check": self._check,
            "load": self._load,
            "lock": self._lock,
            "launch": self._launch,
            "close": self._close,
        }[options["action"]]
        try:
            act(options["study"], options["reason"])
        except (ValueError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error

    def _check(self, named: str, reason: str) -> None:
        source = _source(named)
        problems = design.check_study(design.study_of(named)) if source is None else design.check_protocol(source)
        wrong = errors(problems)
        for problem in problems:
            if problem not in wrong:
                self.stdout.write(f"{problem} (warning)")
        if wrong:
            raise CommandError("\n".join(str(problem) for problem in wrong), returncode=2)
        self.stdout.write(f"{named}: no mistakes, {len(problems)} warning{'' if len(problems) == 1 else 's'}.")

    def _load(self, named: str, reason: str) -> None:
        version = _loaded(named, reason)
        self.stdout.write(f"{version.study.slug}: version {version.number} is loaded, hash {version.hash[:12]}.")

    def _lock(self, named: str, reason: str) -> None:
        study = _study(named, reason)
        version = design.version_in_force(study)
        if design.draft_of(study) is not None or version is None:
            with tqdm(desc=f"Locking {study.slug}", unit="map", disable=None) as bar:
                version = design.lock_study(study=study, progress=_Progress(bar))
        self.stdout.write(f"{study.slug}: version {version.number} is locked under {version.hash}.")

    def _launch(self, named: str, reason: str) -> None:
        study = _study(named, reason)
        if study.state != StudyState.LIVE:
            study = design.launch_study(study=study)
        self.stdout.write(f"{study.slug}: live.")

    def _close(self, named: str, reason: str) -> None:
        study = _study(named, reason)
        if study.state != StudyState.CLOSED:
            study = design.close_study(study=study)
        self.stdout.write(f"{study.slug}: closed.")


class _Progress:
    """What a service tells of its steps, on a bar."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self.bar = bar

    def __call__(self, done: int, total: int, message: str = "") -> None:
        """`done` of `total` steps are finished."""
        self.bar.total = total
        self.bar.update(done - self.bar.n)


def _source(named: str) -> str | None:
    """What a protocol's file says; None where the name is a study's."""
    path = Path(named)
    if path.suffix.lower() not in {".yaml", ".yml"}:
        return None
    if not path.is_file():
        raise UnknownStudy(f"There is no file '{named}'.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UnknownStudy(f"'{named}' is not a text in UTF-8.") from error


def _study(named: str, reason: str) -> Study:
    """The study of this name; a file is loaded first."""
    return design.study_of(named) if _source(named) is None else _loaded(named, reason).study


def _loaded(named: str, reason: str) -> ProtocolVersion:
    """The version that this file says: the one there is, if it says the same already."""
    source = _source(named)
    if source is None:
        raise UnknownStudy(f"To load a study, name its protocol's file (.yaml); '{named}' is none.")
    protocol = attempt_to_read(source).protocol
    study = Study.objects.filter(slug=protocol.study).first() if protocol else None
    frozen = None if study is None or design.draft_of(study) else design.version_in_force(study)
    if study is None or frozen is None:
        return design.load_protocol(source=source)
    if frozen.source == source:
        return frozen
    if reason:
        return design.new_version(study=study, source=source, reason=reason)
    return design.load_protocol(source=source)
