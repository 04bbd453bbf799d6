"""Checking a protocol against what there is, and against what a sound study needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from studies.designs import DesignError
from studies.protocol.cases import Cases, chosen_cases, fitting
from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.schema import WITHOUT_MAP, Block, Protocol, Words
from studies.protocol.source import Lines, Path
from studies.protocol.world import World

Stage = Literal["draft", "lock"]
NAMED = 8
"""So many cases are named in a message; the rest are counted."""


@dataclass(frozen=True)
class Inquiry:
    """What the rules look at."""

    protocol: Protocol
    world: World
    lines: Lines
    stage: Stage
    cases: Cases
    chosen: dict[str, tuple[str, ...]]

    def error(self, path: Path, message: str) -> Problem:
        """A mistake."""
        return Problem("error", self.lines.of(*path), message)

    def warning(self, path: Path, message: str) -> Problem:
        """Something to think about."""
        return Problem("warning", self.lines.of(*path), message)

    def network_key(self, path: Path) -> str:
        """Which of its two names a block gives its networks under."""
        return "networks" if (*path, "networks") in self.lines.at else "network"

    def blocks(self) -> Iterator[tuple[Path, Block]]:
        """Each block with its path."""
        for place, block in enumerate(self.protocol.blocks):
            yield ("blocks", place), block


def check(protocol: Protocol, world: World, lines: Lines | None = None, stage: Stage = "draft") -> list[Problem]:
    """Everything that is wrong (`error`) or doubtful (`warning`), in the order of the lines.

    `lines` as `read` gives them. Missing maps and predictions are a warning for a draft, which may be written before
    they are computed, and an error for a study that is to be locked.
    """
    cases = world.datasets.get(protocol.dataset, {})
    inquiry = Inquiry(protocol, world, lines or Lines(), stage, cases, chosen_cases(protocol, cases))
    found = [problem for rule in RULES for problem in rule(inquiry)]
    return sorted(found, key=lambda problem: (problem.line or 0, problem.level))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """The mistakes among them."""
    return [problem for problem in problems if problem.level == "error"]


def names(inquiry: Inquiry) -> Iterator[Problem]:
    """There are blocks and languages, and each block's name is its own."""
    protocol = inquiry.protocol
    if not protocol.blocks:
        yield inquiry.error(("blocks",), "A study needs at least one block.")
    if not protocol.languages:
        yield inquiry.error(("languages",), "A study needs at least one language.")
    for place in _second([block.name for block in protocol.blocks]):
        yield inquiry.error(("blocks", place, "name"), f"Two blocks are called '{protocol.blocks[place].name}'.")


def dataset(inquiry: Inquiry) -> Iterator[Problem]:
    """The dataset exists."""
    slug, known = inquiry.protocol.dataset, inquiry.world.datasets
    if slug not in known:
        yield inquiry.error(("dataset",), f"There is no dataset called '{slug}'.{close_to(slug, known)}")


def networks(inquiry: Inquiry) -> Iterator[Problem]:
    """Each block names networks that exist, once."""
    known = inquiry.world.networks
    for path, block in inquiry.blocks():
        key = inquiry.network_key(path)
        if not block.networks:
            yield inquiry.error((*path, key), "A block needs at least one network.")
        for place in _second(block.networks):
            yield inquiry.error((*path, key, place), f"The network '{block.networks[place]}' is named twice.")
        for place, slug in enumerate(block.networks):
            if slug not in known:
                yield inquiry.error((*path, key, place), f"There is no network called '{slug}'.{close_to(slug, known)}")


def methods(inquiry: Inquiry) -> Iterator[Problem]:
    """Each method is known, named once, and fit for the block's task."""
    known = inquiry.world.methods
    if not known:
        yield inquiry.error(("blocks",), "No methods are known yet; run 'manage.py sync_parts' first.")
        return
    for path, block in inquiry.blocks():
        if not block.methods:
            yield inquiry.error((*path, "methods"), "A block needs at least one method.")
        for place in _second(block.methods):
            yield inquiry.error((*path, "methods", place), f"The method '{block.methods[place]}' is named twice.")
        for place, label in enumerate(block.methods):
            where = (*path, "methods", place)
            if label == WITHOUT_MAP:
                if block.task.needs_map:
                    yield inquiry.error(where, f"The task {block.task.name} needs a map; '{WITHOUT_MAP}' has none.")
            elif label not in known:
                yield inquiry.error(where, f"There is no method called '{label}'.{close_to(label, known)}")
            elif known[label].truth_derived and block.task.diagnostic:
                yield inquiry.error(
                    where,
                    f"The control '{label}' is made of the reference standard and would give the answer away in a "
                    f"{block.task.name} task; use it in rating and preference tasks.",
                )


def cases(inquiry: Inquiry) -> Iterator[Problem]:
    """The cases that a block names exist, are approved, and are named once; those it draws are enough."""
    if inquiry.protocol.dataset not in inquiry.world.datasets:
        return
    for path, block in inquiry.blocks():
        choice = block.cases
        yield from _named_cases(inquiry, (*path, "practice"), block.practice)
        if choice.include:
            where = (*path, "cases", "include")
            where = where if where in inquiry.lines.at else (*path, "cases")
            yield from _named_cases(inquiry, where, choice.include)
            if choice.count not in (None, len(choice.include)):
                yield inquiry.error(
                    (*path, "cases", "count"), "Either name the cases or say how many to draw, not both."
                )
        elif choice.count is None:
            yield inquiry.error((*path, "cases"), "Say which cases to show: 'count' of them, or a list to 'include'.")
        elif len(inquiry.chosen[block.name]) < choice.count:
            yield inquiry.error((*path, "cases"), _too_few(inquiry, block, choice.count))
        for place, slug in enumerate(block.practice):
            if slug in inquiry.chosen[block.name]:
                yield inquiry.error((*path, "practice", place), f"The case '{slug}' is both practice and analysed.")


def design(inquiry: Inquiry) -> Iterator[Problem]:
    """The design suits the task, and cases and arms make a schedule."""
    for path, block in inquiry.blocks():
        if block.design.pairs != (block.task.arms_per_trial == 2):
            wanted = "two arms" if block.task.arms_per_trial == 2 else "one arm"
            yield inquiry.error(
                (*path, "design"), f"A trial of {block.task.name} shows {wanted}; {block.design.name} plans otherwise."
            )
            continue
        arms = tuple(dict.fromkeys(block.arms))
        chosen = tuple(dict.fromkeys(inquiry.chosen[block.name]))
        if arms and chosen:
            try:
                block.design.check(chosen, arms)
            except DesignError as error:
                yield inquiry.error((*path, "design"), str(error))
        if inquiry.protocol.readers.planned < block.design.period(len(arms) or 1):
            yield inquiry.warning(
                (*path, "design"),
                f"{inquiry.protocol.readers.planned} readers are planned, but {block.design.name} over {len(arms)} "
                f"arms is balanced over {block.design.period(len(arms))}.",
            )


def washout(inquiry: Inquiry) -> Iterator[Problem]:
    """No reader judges a case that they have seen in another condition before the washout is over."""
    seen: dict[str, str] = {}
    days = inquiry.protocol.washout_days
    tell = inquiry.error if days else inquiry.warning
    for path, block in inquiry.blocks():
        chosen = inquiry.chosen[block.name]
        if block.task.diagnostic and block.design.repeats_cases(len(block.arms)):
            yield tell(
                (*path, "design"),
                f"With {block.design.name} a reader would judge the same case in more than one condition within the "
                f"washout of {days} days; use a design that shows each case once.",
            )
        known = [slug for slug in chosen if slug in seen]
        if block.task.diagnostic and known:
            yield tell(
                (*path, "cases"),
                f"A reader would have seen {_listed(known)} in the block '{seen[known[0]]}' already, within the "
                f"washout of {days} days; a {block.task.name} block needs cases not seen before.",
            )
        for slug in (*block.practice, *chosen):
            seen.setdefault(slug, block.name)


def maps(inquiry: Inquiry) -> Iterator[Problem]:
    """Every map and every prediction that a reader would be shown is there."""
    tell = inquiry.error if inquiry.stage == "lock" else inquiry.warning
    world = inquiry.world
    for path, block in inquiry.blocks():
        shown = tuple(dict.fromkeys((*inquiry.chosen[block.name], *block.practice)))
        shown = tuple(slug for slug in shown if slug in inquiry.cases)
        for network in (slug for slug in block.networks if slug in world.networks):
            for place, label in enumerate(block.methods):
                if label not in world.methods:
                    continue
                missing = [slug for slug in shown if (network, label, slug) not in world.explanations]
                if missing:
                    yield tell(
                        (*path, "methods", place), f"No map '{label}' of network '{network}' for {_listed(missing)}."
                    )
            asks = any("ai" in step.shows for step in block.task.steps)
            silent = [slug for slug in shown if asks and (network, slug) not in world.predictions]
            if silent:
                yield tell(
                    (*path, inquiry.network_key(path)), f"No prediction of network '{network}' for {_listed(silent)}."
                )


def soundness(inquiry: Inquiry) -> Iterator[Problem]:
    """What evidence says a study of explanations should have."""
    protocol, known = inquiry.protocol, inquiry.world.methods
    if protocol.blocks and not any(block.task.grounding == "application" for block in protocol.blocks):
        yield inquiry.warning(
            ("blocks",),
            "No block asks for a real decision: ratings alone did not predict how explanations change decisions "
            "(Bucinca 2020); add a diagnosis block.",
        )
    for path, block in inquiry.blocks():
        if block.task.diagnostic and WITHOUT_MAP not in block.methods:
            yield inquiry.warning(
                (*path, "methods"),
                f"There is no arm '{WITHOUT_MAP}' (the AI without a map): the effect of the AI's call would be "
                "credited to the map.",
            )
        rated = [known[label] for label in block.methods if label in known]
        if not block.task.diagnostic and rated and not any(facts.is_control for facts in rated):
            yield inquiry.warning(
                (*path, "methods"),
                "There is no control among the methods: whether readers tell a map from nonsense cannot be seen.",
            )
        if block.task.diagnostic and (blank := _without_truth(inquiry, block)):
            yield inquiry.warning(
                (*path, "finding"),
                f"The reference standard says nothing of '{block.finding}' for {_listed(blank)}: their answers "
                "cannot be judged right or wrong.",
            )


def analysis(inquiry: Inquiry) -> Iterator[Problem]:
    """The plan of analysis names what exists."""
    plan, world = inquiry.protocol.analysis, inquiry.world
    if world.analyses and plan.primary not in world.analyses:
        yield inquiry.error(
            ("analysis", "primary"),
            f"There is no analysis called '{plan.primary}'.{close_to(plan.primary, world.analyses)}",
        )
    for place, name in enumerate(plan.metrics):
        if world.metrics and name not in world.metrics:
            yield inquiry.error(
                ("analysis", "metrics", place), f"There is no metric called '{name}'.{close_to(name, world.metrics)}"
            )
    asked = {
        question.name for block in inquiry.protocol.blocks for step in block.task.steps for question in step.questions
    }
    if plan.outcome not in asked:
        yield inquiry.error(
            ("analysis", "outcome"), f"No task of this study asks for '{plan.outcome}'.{close_to(plan.outcome, asked)}"
        )
    used = {label for block in inquiry.protocol.blocks for label in block.methods}
    if plan.floor and plan.floor not in used:
        yield inquiry.error(
            ("analysis", "floor"), f"The floor '{plan.floor}' is no method of this study.{close_to(plan.floor, used)}"
        )
    elif plan.floor in world.methods and not world.methods[plan.floor].is_control:
        yield inquiry.error(("analysis", "floor"), f"The floor '{plan.floor}' is not a control.")


def languages(inquiry: Inquiry) -> Iterator[Problem]:
    """What readers read is there in each language of the study."""
    protocol = inquiry.protocol
    texts: list[tuple[Path, str, Words]] = [(("consent", "text"), "The consent", protocol.consent.text)]
    texts += [
        ((*path, "instructions"), f"The instructions of '{block.name}'", block.instructions)
        for path, block in inquiry.blocks()
    ]
    if not protocol.consent.text.in_language("en"):
        yield inquiry.error(("consent", "text"), "The consent has no text.")
    for path, called, words in texts:
        missing = [language for language in protocol.languages if language not in words.as_dict()]
        if words.by_language and missing:
            yield inquiry.warning(path, f"{called} has no text in: {', '.join(missing)}.")


RULES: tuple[Callable[[Inquiry], Iterator[Problem]], ...] = (
    names,
    dataset,
    networks,
    methods,
    cases,
    design,
    washout,
    maps,
    soundness,
    analysis,
    languages,
)


def _named_cases(inquiry: Inquiry, path: Path, slugs: Sequence[str]) -> Iterator[Problem]:
    for place in _second(slugs):
        yield inquiry.error((*path, place), f"The case '{slugs[place]}' is named twice.")
    for place, slug in enumerate(slugs):
        if slug not in inquiry.cases:
            yield inquiry.error(
                (*path, place),
                f"There is no case called '{slug}' in '{inquiry.protocol.dataset}'.{close_to(slug, inquiry.cases)}",
            )
        elif not inquiry.cases[slug].is_approved:
            state = {"quarantined": "in quarantine"}.get(inquiry.cases[slug].approval, inquiry.cases[slug].approval)
            yield inquiry.error(
                (*path, place), f"The case '{slug}' is {state}: no reader may see it until a person approves it."
            )


def _too_few(inquiry: Inquiry, block: Block, count: int) -> str:
    which = "" if block.cases.reference == "any" else f" with {block.finding} {block.cases.reference}"
    free = len(inquiry.chosen[block.name])
    fit = sum(fitting(block, case) for case in inquiry.cases.values())
    taken = f", {fit - free} of them already shown or kept for practice" if fit > free else ""
    return f"{count} cases are asked for, but there are only {fit} approved ones{which}{taken}."


def _without_truth(inquiry: Inquiry, block: Block) -> list[str]:
    chosen = inquiry.chosen[block.name]
    return [slug for slug in chosen if slug in inquiry.cases and inquiry.cases[slug].labels.get(block.finding) is None]


def _second(values: Sequence[str]) -> list[int]:
    """Places of values that came before."""
    seen: Counter[str] = Counter()
    places = []
    for place, value in enumerate(values):
        if seen[value]:
            places.append(place)
        seen[value] += 1
    return places


def _listed(slugs: Sequence[str]) -> str:
    rest = len(slugs) - NAMED
    named = ", ".join(slugs[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return f"{len(slugs)} case{'s' if len(slugs) > 1 else ''} ({named})"
