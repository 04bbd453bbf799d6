"""Write the gallery of methods into the documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from explainers.methods import registry
from portal.explanations.gallery import IMAGES, own_methods, write_document
from portal.explanations.gallery_pictures import write_pictures
from portal.jobs.progress import bar

WEIGHTS = settings.BASE_DIR / "platform" / "portal" / "networks" / "weights"


class Command(BaseCommand):
    help = "Write docs/explainers.md from the registry, and draw every method's maps over the gallery's phantoms."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "docs", help="The folder of the documents.")
        parser.add_argument("--only", default="", help="Draw these methods alone, with commas; the page is whole.")
        parser.add_argument("--no-pictures", action="store_true", help="Write the page, draw nothing.")

    def handle(self, *args: Any, out: Path, only: str, no_pictures: bool, **options: Any) -> None:
        if not out.is_dir():
            raise CommandError(f"There is no folder {out}.", returncode=2)
        names = [name.strip() for name in only.split(",") if name.strip()]
        try:
            parts = [registry[name] for name in names] or own_methods()
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{write_document(out)} written.")
        if no_pictures:
            return
        with bar("Drawing", "method") as progress:
            refusals = write_pictures(out / IMAGES, WEIGHTS, parts, progress)
        for refusal in refusals:
            self.stdout.write(f"Not drawn: {refusal}")
