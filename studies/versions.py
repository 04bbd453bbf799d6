"""What versions of a protocol say, compared as they were written: before cases were drawn."""

from __future__ import annotations

from typing import Any

from studies.models import ProtocolVersion
from studies.protocol import attempt_to_read, document_of, hash_of


def as_written(version: ProtocolVersion) -> dict[str, Any]:
    """The document of the text; of a text that today's rules cannot read, the document that was stored."""
    protocol = attempt_to_read(version.source).protocol
    return document_of(protocol) if protocol else version.document


def written_hash(version: ProtocolVersion) -> str:
    """The hash of a version as it was written: locking, which draws cases, leaves it as it is."""
    return hash_of(as_written(version))
