"""The installation as plain facts, for checking protocols against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import F

from portal.catalog.models import Case, Dataset, ReferenceStandard
from portal.explanations.models import Alteration, Explanation, Prediction
from portal.networks.models import Network, NetworkTask
from portal.parts.models import Part
from portal.storage.arrays import get_array
from studies.protocol import Call, CaseFacts, MethodFacts, Protocol, World


def world_for(protocol: Protocol) -> World:
    """What there is of everything that this protocol could name."""
    networks = Network.objects.in_bulk(field_name="slug")
    return World(
        methods=known_methods(),
        metrics=_parts("evaluation.metrics"),
        analyses=_parts("evaluation.analyses"),
        networks=frozenset(networks),
        datasets=_datasets(protocol),
        explanations=_explanations(protocol, networks.values()),
        predictions=_predictions(protocol, networks.values()),
        alterations=_alterations(protocol, networks.values()),
    )


def _parts(family: str) -> frozenset[str]:
    return frozenset(Part.objects.filter(family=family).values_list("name", flat=True))


def known_methods() -> dict[str, MethodFacts]:
    """Registered methods, and the names that runs gave to explanations."""
    found = {
        part.name: MethodFacts(
            part.title, bool(part.facts.get("control", False)), bool(part.facts.get("truth_derived", False))
        )
        for part in Part.objects.filter(family="explainers.methods")
    }
    labels = Explanation.objects.order_by().values_list("label", "is_control", "truth_derived").distinct()
    for label, is_control, truth_derived in labels:
        before = found.get(label, MethodFacts(label))
        # A label that was ever made of the truth is treated as such: refusing too much is the safe side.
        found[label] = MethodFacts(before.title, before.is_control or is_control, before.truth_derived or truth_derived)
    return found


def _datasets(protocol: Protocol) -> dict[str, dict[str, CaseFacts]]:
    """Every dataset's name; the cases of the protocol's own."""
    found: dict[str, dict[str, CaseFacts]] = {slug: {} for slug in Dataset.objects.values_list("slug", flat=True)}
    if protocol.dataset in found:
        labels: dict[int, dict[str, int | None]] = defaultdict(dict)
        standards = ReferenceStandard.objects.filter(case__dataset__slug=protocol.dataset)
        for case, name, label in standards.values_list("case_id", "name", "label"):
            labels[case][name] = label
        calls, sizes = _calls(protocol), _sizes(protocol)
        cases = Case.objects.filter(dataset__slug=protocol.dataset)
        found[protocol.dataset] = {
            case.slug: CaseFacts(
                case.approval,
                labels[case.pk],
                {"split": case.split, "site": case.site, **case.attributes},
                calls[case.pk],
                sizes[case.pk],
            )
            for case in cases
        }
    return found


def _calls(protocol: Protocol) -> dict[int, dict[str, Call]]:
    """What each network, with its present weights, says of each case's first image."""
    found: dict[int, dict[str, Call]] = defaultdict(dict)
    made = Prediction.objects.filter(
        image__index=0, image__case__dataset__slug=protocol.dataset, weights_sha256=F("network__weights_sha256")
    )
    for prediction in made.select_related("network", "image"):
        network = prediction.network
        is_class = network.task == NetworkTask.CLASSIFICATION
        advice = int(prediction.predicted == network.target_class) if is_class else prediction.predicted
        found[prediction.image.case_id][network.slug] = Call(advice, prediction.probability)
    return found


def _sizes(protocol: Protocol) -> dict[int, dict[str, int]]:
    """Pixels of each finding's reference region; read only for a protocol that draws by size."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    if not any("size" in block.cases.strata for block in protocol.blocks):
        return found
    standards = ReferenceStandard.objects.filter(case__dataset__slug=protocol.dataset).exclude(mask="")
    for case, name, mask in standards.values_list("case_id", "name", "mask"):
        found[case][name] = int(get_array(mask).astype(bool).sum())
    return found


def _explanations(protocol: Protocol, networks: Iterable[Network]) -> frozenset[tuple[str, str, str]]:
    """Maps of the networks' present weights, of the cases' first images."""
    found: set[tuple[str, str, str]] = set()
    for network in networks:
        maps = Explanation.objects.filter(
            network=network,
            image__index=0,
            image__case__dataset__slug=protocol.dataset,
            provenance__weights_sha256=network.weights_sha256,
        )
        found |= {(network.slug, label, case) for label, case in maps.values_list("label", "image__case__slug")}
    return frozenset(found)


def _predictions(protocol: Protocol, networks: Iterable[Network]) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for network in networks:
        calls = Prediction.objects.filter(
            network=network,
            image__index=0,
            image__case__dataset__slug=protocol.dataset,
            weights_sha256=network.weights_sha256,
        )
        found |= {(network.slug, case) for case in calls.values_list("image__case__slug", flat=True)}
    return frozenset(found)


def _alterations(protocol: Protocol, networks: Iterable[Network]) -> frozenset[tuple[str, str, str]]:
    """Altered first images, by networks of their present weights."""
    if not any("alteration" in block.task.needs for block in protocol.blocks):
        return frozenset()
    weights = {network.pk: (network.slug, network.weights_sha256) for network in networks}
    made = Alteration.objects.filter(image__index=0, image__case__dataset__slug=protocol.dataset)
    return frozenset(
        (weights[network][0], fill, case)
        for network, fill, case, sha in made.values_list("network_id", "fill", "image__case__slug", "weights_sha256")
        if network in weights and weights[network][1] == sha
    )
