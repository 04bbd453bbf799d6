"""The report's document as one HTML page, as PDF pages and as JSON."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

TEMPLATES = settings.BASE_DIR / "templates" / "studies" / "report"


def as_html(document: dict[str, Any]) -> str:
    """One page that needs nothing beside it: style, drawings and pictures are inside."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    shown = document | {"sections": [_with_safe_drawings(section) for section in document["sections"]]}
    return render_to_string("studies/report/report.html", {"report": shown, "style": mark_safe(style)})  # noqa: S308


def as_json(document: dict[str, Any]) -> str:
    """The document as data, for programs."""
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)


def as_pdf(document: dict[str, Any]) -> bytes:
    """Pages that conform to PDF/UA-1; the same bytes for the same document."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        laid_out = document | {"sections": [_with_files(section, folder) for section in document["sections"]]}
        (folder / "report.json").write_text(as_json(laid_out), encoding="utf-8")
        source = folder / "report.typ"
        source.write_text((TEMPLATES / "report.typ").read_text(encoding="utf-8"), encoding="utf-8")
        pdf: bytes = typst.compile(str(source), root=str(folder), pdf_standards=["ua-1"])
    return pdf


def _with_safe_drawings(section: dict[str, Any]) -> dict[str, Any]:
    # Our own drawings, whose texts matplotlib has escaped.
    blocks = [
        block | {"svg": mark_safe(block["svg"])} if block["kind"] == "figure" else block  # noqa: S308
        for block in section["blocks"]
    ]
    return section | {"blocks": blocks}


def _with_files(section: dict[str, Any], folder: Path) -> dict[str, Any]:
    blocks = []
    for block in section["blocks"]:
        if block["kind"] == "figure":
            file = f"{block['name']}.svg"
            (folder / file).write_text(block["svg"], encoding="utf-8")
            blocks.append({key: value for key, value in block.items() if key != "svg"} | {"file": file})
        elif block["kind"] == "picture":
            file = f"{block['name']}.png"
            (folder / file).write_bytes(base64.b64decode(block["png"]))
            blocks.append({key: value for key, value in block.items() if key != "png"} | {"file": file})
        else:
            blocks.append(block)
    return section | {"blocks": blocks}
