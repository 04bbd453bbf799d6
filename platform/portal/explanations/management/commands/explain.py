"""Make saliency maps of a model on a dataset, here and now."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from explainers.methods import registry
from portal.catalog.selectors import dataset_of
from portal.explanations.models import Run
from portal.explanations.selectors import run_maps
from portal.explanations.services import plan_run
from portal.explanations.sharing import share_runs, usual_processes
from portal.explanations.work import explain_run
from portal.jobs.progress import bar
from portal.jobs.registry import Progress
from portal.networks.selectors import network_of
from portal.parts.services import sync_registry


class Command(BaseCommand):
    help = "Make the saliency maps of --methods for --model on --dataset; what exists already is not made again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True, help="The model's slug.")
        parser.add_argument("--dataset", required=True, help="The dataset's slug.")
        parser.add_argument("--methods", required=True, help="Names of methods, with commas; 'all' for every method.")
        parser.add_argument(
            "--region",
            default="predicted",
            help="Of a segmenter, what the maps explain: predicted, component:RANK, boundary:WIDTH, false-positive or "
            "false-negative.",
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--processes", type=_at_least_one, default=0, help="How many; one a core by default.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sync_registry(registry)
            run = plan_run(
                network=network_of(options["model"]),
                dataset=dataset_of(options["dataset"]),
                methods=[{"method": name, "region": options["region"]} for name in _names(options["methods"])],
                seed=options["seed"],
            )
            with bar(f"Explaining {run.network.slug}", "map") as progress:
                made = _explain(run, options["processes"], progress)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Run the same command again to go on from here.", returncode=130) from None
        self.stdout.write(f"{made} maps made; the others were there already.")


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def _names(text: str) -> list[str]:
    """The names in a text with commas; `all` stands for every registered method."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return [part.name for part in registry] if names == ["all"] else names


def _explain(run: Run, processes: int, progress: Progress) -> int:
    """How many maps were made, here or in several processes."""
    count = processes or usual_processes([run])
    if count == 1:
        return explain_run(run, progress)
    before = run_maps(run).count()
    share_runs([run], processes=count, progress=progress)
    return run_maps(run).count() - before
