"""Score the saliency maps of a model on a dataset, here and now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.metrics import registry
from portal.catalog.selectors import dataset_of
from portal.explanations.plans import displayed_plan, metric_plan
from portal.explanations.scoring import score_maps
from portal.explanations.selectors import current_explanations
from portal.jobs.progress import bar
from portal.networks.selectors import network_of
from portal.parts.services import sync_registry


class Command(BaseCommand):
    help = "Score all maps of --model on --dataset by --metrics; what is scored already is not scored again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True, help="The model's slug.")
        parser.add_argument("--dataset", required=True, help="The dataset's slug.")
        parser.add_argument("--metrics", required=True, help="Names of metrics, with commas.")
        parser.add_argument("--methods", help="Only maps of these labels, with commas.")
        parser.add_argument(
            "--presentations",
            help="Score maps as readers see them, too, with commas: a protocol's mode and sign, e.g. native-positive.",
        )
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sync_registry(registry)
            network, dataset = network_of(options["model"]), dataset_of(options["dataset"])
            plan = metric_plan(_names(options["metrics"]))
            displayed = displayed_plan(_names(options["presentations"] or ""), plan)
            labels = _names(options["methods"]) if options["methods"] else None
            with bar(f"Scoring {network.slug}", "score") as progress:
                maps = current_explanations(network, dataset, labels)
                written = score_maps(network, maps, plan, options["seed"], progress, displayed=displayed)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{written} scores written; the others were there already.")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
