"""Make saliency maps of a model on a dataset, here and now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from explainers.methods import registry
from portal.catalog.selectors import dataset_of
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.jobs.progress import bar
from portal.networks.selectors import network_of
from portal.parts.services import sync_registry


class Command(BaseCommand):
    help = "Make the saliency maps of --methods for --model on --dataset; what exists already is not made again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True, help="The model's slug.")
        parser.add_argument("--dataset", required=True, help="The dataset's slug.")
        parser.add_argument("--methods", required=True, help="Names of methods, with commas.")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sync_registry(registry)
            run = plan_run(
                network=network_of(options["model"]),
                dataset=dataset_of(options["dataset"]),
                methods=[name.strip() for name in options["methods"].split(",") if name.strip()],
                seed=options["seed"],
            )
            with bar(f"Explaining {run.network.slug}", "map") as progress:
                made = explain_run(run, progress)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{made} maps made; the others were there already.")
