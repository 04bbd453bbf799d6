"""Register a model from a folder with model.json and weights.safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.networks.work import register_folder


class Command(BaseCommand):
    help = "Register a model: FOLDER holds model.json and weights.safetensors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            network = register_folder(options["folder"])
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"Registered {network.slug}: {network.title}, weights {network.weights_sha256[:12]}.")
