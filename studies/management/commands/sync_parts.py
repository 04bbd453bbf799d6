"""Write what the web may know of every registered part."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluation.analyses import registry as analyses
from evaluation.metrics import registry as metrics
from explainers.methods import registry as methods
from portal.parts.services import sync_registry
from studies.designs import registry as designs
from studies.tasks import registry as tasks


class Command(BaseCommand):
    """`manage.py sync_parts`: run it after every deploy."""

    help = "Write the facts and parameters of all methods, metrics, analyses, tasks and designs where the web reads."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        for registry in (methods, metrics, analyses, tasks, designs):
            try:
                count = sync_registry(registry)
            except ValueError as error:
                raise CommandError(str(error), returncode=2) from error
            if verbosity:
                self.stdout.write(f"{registry.package}: {count}")
