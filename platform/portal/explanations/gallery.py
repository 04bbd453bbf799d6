"""docs/explainers.md: every registered method with its facts and parameters, written from the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from explainers.base import Explainer
from explainers.methods import registry
from foundation.registry import Parameter, parameters_of

IMAGES = "images/explainers"
PACKAGE = registry.package
OPENING = """# The explainers

<!-- Written by `python manage.py gallery` from the registry: change the methods, not this page. -->

Every method that comes with Heatproof: what its map shows, when it misleads, and its parameters. Each picture shows the
same five maps, as readers see them in the native presentation:

| | phantom | network | explained |
|---|---|---|---|
| 1 | a clear nodule | `chest-clean` | the logit of "nodule" |
| 2 | a subtle nodule | `chest-clean` | the logit of "nodule" |
| 3 | no nodule, but the tag "PORTABLE" | `chest-clean` | the logit of "nodule" |
| 4 | the same as 3 | `chest-shortcut`, which learned the tag | the logit of "nodule" |
| 5 | the same as 1 | `nodule-unet`, a segmenter | the logits of the region that it predicts, summed |

![The five phantoms alone, the nodule outlined](images/explainers/phantoms.webp)

Maps run from dark to bright with what counts for the output; where a method is signed, orange counts for it and blue
against it. The strength is each map's own, so that pictures say where, not how much. A picture is no judgement:
three phantoms prove nothing. That is what metrics and reader studies are for.

A method of your own, and maps made elsewhere: see [extending.md](extending.md).
"""


def own_methods() -> list[type[Explainer]]:
    """The methods of this project, without those that other installed packages bring; controls last."""
    own = [part for part in registry if part.__module__.startswith(f"{PACKAGE}.")]
    return sorted(own, key=lambda part: (part.control, part.name))


def image_name(part: type[Explainer]) -> str:
    """The file name of a method's picture."""
    return f"{part.name.replace('+', '-plus')}.webp"


def document(parts: Iterable[type[Explainer]] | None = None) -> str:
    """The whole page as Markdown."""
    chosen = list(own_methods() if parts is None else parts)
    methods = [part for part in chosen if not part.control]
    controls = [part for part in chosen if part.control]
    sections = [OPENING, *_family("Methods", methods), *_family("Controls", controls)]
    return "\n".join(sections).rstrip() + "\n"


def write_document(folder: Path) -> Path:
    """Write the page into a folder of documents."""
    path = folder / "explainers.md"
    path.write_text(document(), encoding="utf-8")
    return path


def _family(title: str, parts: list[type[Explainer]]) -> Iterator[str]:
    yield f"## {title}\n"
    if title == "Controls":
        yield "Maps that explain nothing, or the truth itself: what every method is to be compared with.\n"
    for part in parts:
        yield _section(part)


def _section(part: type[Explainer]) -> str:
    alternative = f"{part.title}: five maps over the phantoms"
    lines = [
        f"### {part.title}",
        "",
        f"![{alternative}]({IMAGES}/{image_name(part)})",
        "",
        f"**Shows:** {part.summary}",
        f"**Misleads:** {part.caveat}",
        "",
        f"`{part.name}` · {part.reference}",
        "",
        " ".join(_facts(part)),
        "",
        *_table(parameters_of(part)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _facts(part: type[Explainer]) -> Iterator[str]:
    if "signed" in {parameter.name for parameter in parameters_of(part)}:
        yield "Signed if asked for."
    elif part.signed:
        yield "Signed: negative values mean evidence against."
    elif "of" in {parameter.name for parameter in parameters_of(part)}:
        yield "Signed where the method is that it is made from."
    else:
        yield "Not signed."
    if part.needs:
        yield f"Needs {' and '.join(_NEEDS[need] for need in sorted(part.needs))}."
    if not part.asks_network:
        yield "Never asks the network."
    if part.truth_derived:
        yield "Made from the truth: never shown as if a network had made it."


_NEEDS = {"masks": "the reference mask", "donors": "another case's map"}


def _table(parameters: Iterable[Parameter]) -> list[str]:
    rows = [
        f"| `{parameter.name}` | {_kind(parameter)} | {_plain(parameter.default)} | {_cell(parameter.help)} |"
        for parameter in parameters
    ]
    return ["| parameter | is | default | meaning |", "|---|---|---|---|", *rows] if rows else ["No parameters."]


def _kind(parameter: Parameter) -> str:
    kind = ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.kind
    return f"{kind} or nothing" if parameter.optional else kind


def _plain(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
