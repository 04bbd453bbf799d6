"""Readers with known habits answer over the real HTTP interface."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from studies.services.simulate import simulate_readers
from studies.simulation.browsing import BrowsingError
from studies.simulation.server import served


class Command(BaseCommand):
    help = "Let simulated readers take a study, over HTTP; what they answer is marked as bot. Resumable."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", metavar="SLUG")
        parser.add_argument("--readers", type=int, default=12)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--url", default="", help="A running server; by default one is started on a free port.")

    def handle(self, *args: Any, **options: Any) -> None:
        # Every simulated reader's sign-in would be a line between the progress bar's.
        logging.getLogger("axes").setLevel(logging.WARNING)
        with tqdm(desc="Simulated readers", unit="trial", disable=None) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                with nullcontext(options["url"]) if options["url"] else served() as url:
                    given = simulate_readers(
                        slug=options["study"],
                        readers=options["readers"],
                        seed=options["seed"],
                        url=url,
                        progress=progress,
                    )
            except ValueError as error:
                raise CommandError(str(error), returncode=2) from error
            except BrowsingError as error:
                raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{options['readers']} simulated readers gave {given} answers.")
