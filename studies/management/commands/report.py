"""Make a study's trust report and write its files into a folder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.jobs.progress import bar
from studies.errors import StudyError
from studies.management.commands.export import add_study_arguments, chosen_version
from studies.services.report import build_report, write_report


class Command(BaseCommand):
    """`manage.py report SLUG --out FOLDER`."""

    help = "Write report.html, report.pdf, report.json, ratings.csv and codebook.csv of a study into a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_study_arguments(parser)

    def handle(self, *args: Any, slug: str, out: str, include: list[str], number: int | None, **options: Any) -> None:
        version = chosen_version(slug, number)
        try:
            with bar("Report", "step") as progress:
                report = build_report(version=version, run_kinds=include, progress=progress)
        except StudyError as error:
            raise CommandError(str(error), returncode=2) from error
        for path in write_report(report, Path(out)):
            self.stdout.write(str(path))
