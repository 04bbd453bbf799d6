"""Import images from a folder, with or without manifest.csv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.catalog.services import ImportReport, import_cases
from portal.jobs.progress import bar


class Command(BaseCommand):
    help = "Import PNG, JPEG, TIFF, NPY, DICOM and NIfTI images from FOLDER: all of them, or none if one is at fault."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--dataset", default="", help="Slug of the dataset; the folder's name by default.")
        parser.add_argument("--title", default="", help="Title of a new dataset.")
        parser.add_argument("--dry-run", action="store_true", help="Check and report, write nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with bar("Checking", "file") as progress:
                report = import_cases(
                    folder=options["folder"],
                    dataset=options["dataset"],
                    title=options["title"],
                    dry_run=options["dry_run"],
                    progress=progress,
                )
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        self._tell(report)

    def _tell(self, report: ImportReport) -> None:
        for case in report.cases:
            reason = f" ({case.reason})" if case.reason else ""
            self.stdout.write(f"{case.file} -> {case.case}: {case.approval}{reason}")
        done = "would be imported" if report.dry_run else "imported"
        self.stdout.write(
            f"{len(report.cases)} files {done} into {report.dataset}, {report.quarantined} of them in quarantine; "
            f"{report.known} were there already."
        )
