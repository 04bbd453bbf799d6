"""Export a study's long table with its code book."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studies.models import ProtocolVersion, RunKind, Study
from studies.services.export import export_study


def add_study_arguments(parser: ArgumentParser) -> None:
    """What `export` and `report` are both told."""
    parser.add_argument("slug", help="The study's short name.")
    parser.add_argument("--out", required=True, help="The folder to write into; it is made where it is missing.")
    parser.add_argument(
        "--include",
        nargs="+",
        choices=RunKind.values,
        default=[RunKind.LIVE.value],
        help="Kinds of run to count (default: live).",
    )
    parser.add_argument("--version-number", dest="number", type=int, help="The protocol version (default: the last).")


def chosen_version(slug: str, number: int | None) -> ProtocolVersion:
    """The named version of a study; a clear sentence where there is none."""
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"There is no study called {slug!r}; there are: {known}.", returncode=2)
    versions = study.versions.order_by("-number")
    version = versions.filter(number=number).first() if number else versions.first()
    if version is None:
        raise CommandError(f"{slug} has no protocol version {number or ''}.".replace("  ", " "), returncode=2)
    return version


class Command(BaseCommand):
    """`manage.py export SLUG --out FOLDER`."""

    help = "Write ratings.csv, codebook.csv, events.csv and SHA256SUMS of a study into a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_study_arguments(parser)

    def handle(self, *args: Any, slug: str, out: str, include: list[str], number: int | None, **options: Any) -> None:
        version = chosen_version(slug, number)
        for name in export_study(version=version, run_kinds=include, out=Path(out), actor=None):
            self.stdout.write(str(Path(out) / name))
