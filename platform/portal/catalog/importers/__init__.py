"""Reading image files that strangers hand in: pixels and known tags come out, everything else stays behind."""

from portal.catalog.importers.base import Imported, ImportRefused, Limits
from portal.catalog.importers.formats import find_files, read_file

__all__ = ["ImportRefused", "Imported", "Limits", "find_files", "read_file"]
