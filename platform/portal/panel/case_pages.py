"""A case as one page shows it: its images, what is known of it, and what each network and method say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from portal.catalog.models import Case, Image, ReferenceStandard
from portal.explanations.models import Explanation, Prediction, Presentation
from portal.networks.models import Network
from portal.parts.models import Part
from portal.parts.selectors import METHODS, METRICS, parts

#: So many slices of a volume stand on a page that a person looks through; they are spread evenly.
MOST_SLICES = 48


@dataclass(frozen=True)
class MapLine:
    """One map with its scores, in the order of the table's columns; None where a score was never made."""

    explanation: Explanation
    title: str
    scores: list[Any]


@dataclass(frozen=True)
class Column:
    """One metric in one presentation."""

    title: str
    better: str
    presentation: str


@dataclass(frozen=True)
class NetworkBlock:
    """What one network says of one image, and its maps."""

    network: Network
    image: Image
    prediction: Prediction | None
    predicted_name: str
    maps: list[MapLine]
    columns: list[Column]


@dataclass(frozen=True)
class CasePage:
    """All of a case."""

    case: Case
    images: list[Image]
    standards: list[ReferenceStandard]
    blocks: list[NetworkBlock]
    attributes: list[tuple[str, Any]]


def case_page(case: Case) -> CasePage:
    """Read a case with everything that hangs on it."""
    images = list(case.images.all())
    titles = {part.name: part.title for part in parts(METHODS)}
    metrics = {part.name: part for part in parts(METRICS)}
    blocks = [_block(network, image, titles, metrics) for image in images for network in _networks(image)]
    return CasePage(case, images, list(case.reference_standards.all()), blocks, attributes_of(case))


def _networks(image: Image) -> QuerySet[Network]:
    """Those that were asked about an image."""
    explained = Explanation.objects.filter(image=image).order_by().values("network")
    predicted = Prediction.objects.filter(image=image).order_by().values("network")
    return Network.objects.filter(Q(pk__in=explained) | Q(pk__in=predicted))


def attributes_of(case: Case) -> list[tuple[str, Any]]:
    """Known covariates, named as a person would."""
    return [(_named(key), _said(value)) for key, value in case.attributes.items()]


def _named(key: str) -> str:
    """`cnr` is an abbreviation, `level_title` a phrase."""
    return key.upper() if len(key) == 3 else key.replace("_", " ").capitalize()


def _said(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else value


def slices_of(image: Image) -> list[int]:
    """The slices to look through."""
    step = max(1, -(-image.slices // MOST_SLICES))
    return list(range(0, image.slices, step))


def _block(network: Network, image: Image, titles: dict[str, str], metrics: dict[str, Part]) -> NetworkBlock:
    current = {"weights_sha256": network.weights_sha256}
    prediction = Prediction.objects.filter(network=network, image=image, **current).first()
    found = (
        Explanation.objects.filter(network=network, image=image, provenance__weights_sha256=network.weights_sha256)
        .prefetch_related("scores")
        .order_by("is_control", "label", "id")
    )
    made = list(found)
    keys = sorted({(score.presentation, score.label, score.metric) for each in made for score in each.scores.all()})
    keys.sort(key=lambda key: (key[0] != Presentation.RAW, key[1]))
    lines = []
    for each in made:
        scores = {(score.presentation, score.label): score for score in each.scores.all()}
        lines.append(
            MapLine(each, _title(each, titles), [scores.get((presentation, label)) for presentation, label, _ in keys])
        )
    columns = [_column(key, metrics) for key in keys]
    return NetworkBlock(network, image, prediction, _name(network, prediction), lines, columns)


def _title(explanation: Explanation, titles: dict[str, str]) -> str:
    title = titles.get(explanation.method, explanation.method)
    return title if explanation.label == explanation.method else f"{title} ({explanation.label})"


def _column(key: tuple[str, str, str], metrics: dict[str, Part]) -> Column:
    presentation, label, name = key
    part = metrics.get(name)
    title = part.title if part else name
    higher = part.facts.get("higher_is_better") if part else None
    better = {True: "higher is better", False: "lower is better"}.get(higher, "")  # type: ignore[arg-type]
    shown = "" if presentation == Presentation.RAW else "as readers saw it"
    return Column(title if label == name else f"{title} ({label})", better, shown)


def _name(network: Network, prediction: Prediction | None) -> str:
    if prediction is None:
        return ""
    if 0 <= prediction.predicted < len(network.classes):
        return str(network.classes[prediction.predicted])
    return str(prediction.predicted)
