"""Take a region out of every image of a dataset, and ask a model again, here and now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.catalog.selectors import dataset_of
from portal.explanations.alterations import FILLS
from portal.explanations.altering import alter_images
from portal.jobs.progress import bar
from portal.networks.selectors import network_of


class Command(BaseCommand):
    help = "Alter the images of --dataset and store what --model says of them then; what is there is not made again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True, help="The model's slug.")
        parser.add_argument("--dataset", required=True, help="The dataset's slug.")
        parser.add_argument("--fill", choices=FILLS, default="tissue", help="What stands in the region instead.")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            network, dataset = network_of(options["model"]), dataset_of(options["dataset"])
            with bar(f"Altering for {network.slug}", "image") as progress:
                made = alter_images(network, dataset, options["fill"], options["seed"], progress)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{made} images altered; the others were there already.")
