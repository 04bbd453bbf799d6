"""What the commands of this package share: one sentence for each mistake."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

import pandas as pd


class UserMistake(ValueError):
    """The command was asked for something that it cannot do."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        """Refuse with the sentence."""
        raise UserMistake(f"{message[0].upper()}{message[1:]}; --help shows what can be given.")


def read_table(path: str | None) -> pd.DataFrame:
    """The table of a CSV file, with one sentence for a file that is none."""
    if path is None:
        raise UserMistake("Name the CSV file to analyse.")
    if not Path(path).is_file():
        raise UserMistake(f"There is no file {path}.")
    try:
        return pd.read_csv(path, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserMistake(f"{path} is not a CSV table.") from error
