"""Verify the array store and the audit trail, for instance after a restore."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.services import first_broken_entry
from studies.services.store import prune, store_state


class Command(BaseCommand):
    """`manage.py check_store [--prune]`."""

    help = "Verify that every named array is there and unchanged, and that the audit trail's chain is whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prune", action="store_true", help="Delete arrays that no record names.")

    def handle(self, *args: Any, **options: Any) -> None:
        state, broken = store_state(), first_broken_entry()
        self.stdout.write(
            f"{state.held} arrays held; {len(state.missing)} missing, {len(state.changed)} changed, "
            f"{len(state.unnamed)} named by no record."
        )
        if options["prune"]:
            prune(state.unnamed)
            self.stdout.write(f"{len(state.unnamed)} arrays deleted.")
        if broken:
            raise CommandError(f"The audit trail is broken at entry {broken.pk}: {broken}.")
        if state.missing or state.changed:
            first = (*state.missing, *state.changed)[0]
            raise CommandError(f"The store is not whole; the first array concerned is {first}.")
        self.stdout.write("The audit trail's chain is whole.")
