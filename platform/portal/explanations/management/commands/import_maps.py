"""Import maps that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.catalog.selectors import dataset_of
from portal.explanations.importing import import_maps
from portal.jobs.progress import bar
from portal.networks.selectors import network_of


class Command(BaseCommand):
    help = "Import the maps <case>/<method>.npy in FOLDER, described by run.json: all of them, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--model", required=True, help="Slug of the model that the maps explain.")
        parser.add_argument("--dataset", required=True, help="Slug of the dataset that the cases belong to.")
        parser.add_argument("--dry-run", action="store_true", help="Check and report, write nothing.")

    def handle(self, *args: Any, folder: Path, model: str, dataset: str, dry_run: bool, **options: Any) -> None:
        try:
            with bar("Checking", "map") as progress:
                found = import_maps(
                    folder=folder,
                    network=network_of(model),
                    dataset=dataset_of(dataset),
                    dry_run=dry_run,
                    progress=progress,
                )
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        done = "would be imported" if dry_run else "imported"
        self.stdout.write(
            f"{found.maps} maps {done} ({', '.join(found.methods)}) of {found.cases} of the {found.approved} cases."
        )
