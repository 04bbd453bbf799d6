"""From a filled-in form to a protocol in YAML."""

from __future__ import annotations

import re
import secrets
from typing import Any

import yaml

from portal.catalog.models import Approval, Case, ReferenceStandard
from studies.protocol import WITHOUT_MAP
from studies.protocol.world import MethodFacts

Methods = dict[str, MethodFacts]
INSTRUCTIONS = {
    "diagnosis": {
        "en": "Judge each image alone first. Then you see what an AI makes of it, sometimes with a highlight. The AI "
        "is not always right, and a highlight is no proof that it is.",
        "de": "Beurteilen Sie jedes Bild zuerst allein. Danach sehen Sie, was eine KI dazu sagt, manchmal mit einer "
        "Hervorhebung. Die KI hat nicht immer recht, und eine Hervorhebung beweist nicht, dass sie recht hat.",
    },
    "usefulness": {
        "en": "Rate what the highlight shows, not whether you trust the AI.",
        "de": "Bewerten Sie, was die Hervorhebung zeigt, nicht, ob Sie der KI vertrauen.",
    },
    "preference": {
        "en": "Compare two highlights of the same image. If neither is better, say so.",
        "de": "Vergleichen Sie zwei Hervorhebungen desselben Bildes. Ist keine besser, sagen Sie das.",
    },
}
NAMES = {"diagnosis": "reading", "usefulness": "usefulness", "preference": "preference"}
PRIMARY = {
    "usefulness": ("usefulness-model", "coverage"),
    "diagnosis": ("reliance", "probability"),
    "preference": ("preference", "preferred"),
}


def protocol_from(given: dict[str, Any], methods: Methods) -> str:
    """The YAML of a checked `NewProtocolForm`, with the sections that it leaves at their defaults left out."""
    languages = ["en", "de"] if given["consent_text_de"] else ["en"]
    blocks = [_block(task, given, methods, languages) for task in INSTRUCTIONS if given[task]]
    sections: list[dict[str, Any]] = [
        {
            "study": given["slug"],
            "title": given["title"],
            "question": given["question"],
            "seed": secrets.randbelow(2**31),
            "languages": languages,
            "dataset": given["dataset"],
        },
        {
            "consent": {
                "version": given["consent_version"],
                "contact": given["contact"],
                "ethics": given["ethics"],
                "text": _words(given["consent_text"], given["consent_text_de"], languages),
            }
        },
        {
            "readers": {"planned": given["planned"], "session_minutes": given["session_minutes"]},
            "presentation": {"mode": given["mode"], "sign": given["sign"]},
        },
        {"blocks": blocks},
        {"analysis": _analysis(given, methods)},
    ]
    return "\n".join(_dump(section) for section in sections)


def _block(task: str, given: dict[str, Any], methods: Methods, languages: list[str]) -> dict[str, Any]:
    cases: dict[str, Any] = {"count": given[f"{task}_cases"]}
    if task != "diagnosis":
        cases["reference"] = "present"
    block: dict[str, Any] = {
        "name": NAMES[task],
        "task": task,
        "finding": given["finding"],
        "network": given["network"],
        "methods": methods_of(task, given["methods"], methods),
        "design": "paired" if task == "preference" else "latin-square",
        "cases": cases,
    }
    if given["practice"] and (practice := practice_case(given["dataset"], given["finding"])):
        block["practice"] = [practice]
    block["instructions"] = {language: INSTRUCTIONS[task][language] for language in languages}
    return block


def methods_of(task: str, chosen: list[str], methods: Methods) -> list[str]:
    """What a block shows of the methods that were ticked: a diagnosis gets the AI without a map, and no controls."""
    if task != "diagnosis":
        return chosen
    return [WITHOUT_MAP, *(label for label in chosen if not methods[label].is_control)]


def practice_case(dataset: str, finding: str) -> str | None:
    """An approved case that shows the finding, the last one, to be kept for practice."""
    shown = ReferenceStandard.objects.filter(
        case__dataset__slug=dataset, case__approval=Approval.APPROVED, name=finding, label=1
    )
    slug = shown.order_by("-case__slug").values_list("case__slug", flat=True).first()
    rest = Case.objects.filter(dataset__slug=dataset, approval=Approval.APPROVED)
    return slug or rest.order_by("-slug").values_list("slug", flat=True).first()


def _analysis(given: dict[str, Any], methods: Methods) -> dict[str, Any]:
    task = next(task for task in PRIMARY if given[task])
    primary, outcome = PRIMARY[task]
    plan: dict[str, Any] = {"primary": primary, "outcome": outcome}
    used = {label for block in INSTRUCTIONS if given[block] for label in methods_of(block, given["methods"], methods)}
    controls = [label for label in used if label in methods and methods[label].is_control]
    floor = "random-map" if "random-map" in controls else next(iter(sorted(controls)), "")
    return plan | ({"floor": floor} if floor else {}) | {"run_kinds": ["live"]}


def _words(english: str, german: str, languages: list[str]) -> dict[str, str]:
    return {language: text for language, text in (("en", english), ("de", german)) if language in languages}


class _Dumper(yaml.SafeDumper):
    """Short lists of plain values in one line, paragraphs as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # Items of a list stand a step to the right of their key.
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Each block lists its methods in full: a protocol is there to be read."""
        return True


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    plain = all(not isinstance(item, (dict, list)) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=plain)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else ">" if len(value) > 80 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _text)


def _dump(section: dict[str, Any]) -> str:
    text: str = yaml.dump(section, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    # An empty line before every block but the first.
    return re.sub(r"(?<!^blocks:)\n  - name:", "\n\n  - name:", text)
