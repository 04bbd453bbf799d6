"""A protocol is checked against what there is and against what a sound study needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from studies.protocol import CaseFacts, Problem, World, check, chosen_cases, errors, read, settled
from tests.studies.protocol.small import CASES, PROTOCOL, line_of, world


def found(source: str, there: World | None = None, stage: str = "lock") -> list[Problem]:
    protocol, lines = read(source)
    return check(protocol, there or world(), lines, stage)  # type: ignore[arg-type]  # either of two words


def test_a_sound_protocol_has_nothing_wrong() -> None:
    assert found(PROTOCOL) == []


@pytest.mark.parametrize(
    "old, new, at, message",
    [
        (
            "      - grad-cam\n",
            "      - gradcam\n",
            "gradcam",
            "There is no method called 'gradcam'. Did you mean 'grad-",
        ),
        ("      - grad-cam\n", "      - random-map\n", "- random-map\n      - ground", "'random-map' is named twice."),
        ("      - grad-cam\n", "      - none\n", "- none", "The task usefulness needs a map; 'none' has none."),
        (
            "[none, grad-cam]",
            "[none, ground-truth-mask]",
            "methods: [",
            "would give the answer away in a diagnosis task",
        ),
        ("network: clean", "network: claen", "network", "There is no network called 'claen'. Did you mean 'clean'?"),
        ("dataset: phantoms", "dataset: fantoms", "dataset", "There is no dataset called 'fantoms'. Did you mean"),
        ("[case-02, case-03]", "[case-02, case-02]", "cases: [", "The case 'case-02' is named twice."),
        ("[case-02, case-03]", "[case-02, case-33]", "cases: [", "There is no case called 'case-33' in 'phantoms'."),
        ("practice: [case-01]", "practice: [case-99]", "practice", "There is no case called 'case-99'"),
        ("{count: 4}", "{count: 40}", "cases: {", "40 cases are asked for, but there are only 10 approved ones"),
        ("{count: 4}", "{count: 6, reference: present}", "cases: {", "only 5 approved ones with nodule present"),
        ("{count: 4}", "{count: 4, include: [case-05]}", "cases: {", "not both"),
        ("{count: 4}", "{strata: [split]}", "cases: {", "Say which cases to show"),
        ("rounds: 2", "rounds: 4", "design: {name", "4 rounds need as many arms; there are 3."),
        ("design: latin-square", "design: paired", "design: paired", "A trial of diagnosis shows one arm"),
        ("design: latin-square", "design: crossed", "design: crossed", "same case in more than one condition within"),
        ("name: rating", "name: reading", "name: reading\n    task: usefulness", "Two blocks are called 'reading'."),
    ],
)
def test_a_mistake_is_an_error_with_its_line(old: str, new: str, at: str, message: str) -> None:
    source = PROTOCOL.replace(old, new, 1)
    problems = errors(found(source))
    assert any(message in problem.message and problem.line == line_of(source, at) for problem in problems), problems


@pytest.mark.parametrize(
    "plan, message",
    [
        ("primary: usefulness-modell", "There is no analysis called 'usefulness-modell'. Did you mean"),
        ("outcome: coverag", "No task of this study asks for 'coverag'. Did you mean 'coverage'?"),
        ("metrics: [deletion, insertion]", "There is no metric called 'insertion'."),
        ("floor: edge-map", "The floor 'edge-map' is no method of this study."),
        ("floor: grad-cam", "The floor 'grad-cam' is not a control."),
    ],
)
def test_the_plan_of_analysis_names_what_exists(plan: str, message: str) -> None:
    source = PROTOCOL + f"analysis: {{{plan}}}\n"
    problems = errors(found(source))
    assert [problem.line for problem in problems] == [line_of(source, "analysis")]
    assert message in problems[0].message


def test_a_quarantined_case_is_refused_by_name_and_never_drawn() -> None:
    there = world(case_02="quarantined", case_05="quarantined")
    problems = errors(found(PROTOCOL, there))
    assert ["in quarantine" in problem.message for problem in problems] == [True]
    assert "case-05" not in chosen_cases(read(PROTOCOL)[0], there.datasets["phantoms"])["reading"]


def test_a_reader_never_judges_a_case_seen_before() -> None:
    """The rating block comes first and shows a case that the diagnosis names."""
    protocol, lines = read(PROTOCOL.replace("{count: 4}", "[case-02, case-05]"))
    turned = replace(protocol, blocks=protocol.blocks[::-1])
    messages = [problem.message for problem in errors(check(turned, world(), lines, "lock"))]
    assert len(messages) == 1
    assert "A reader would have seen 1 case (case-02) in the block 'rating' already" in messages[0]


def test_a_diagnosis_draws_only_cases_not_seen_before() -> None:
    protocol, _ = read(PROTOCOL.replace("{count: 4}", "{count: 7}"))
    turned = replace(protocol, blocks=protocol.blocks[::-1])
    drawn = chosen_cases(turned, world().datasets["phantoms"])["reading"]
    assert set(drawn) == set(CASES) - {"case-01", "case-02", "case-03"}


def test_missing_maps_are_listed_and_stop_locking_only() -> None:
    there = world()
    there = replace(there, explanations=there.explanations - {("clean", "random-map", "case-03")})
    (problem,) = found(PROTOCOL, there, "lock")
    assert problem == Problem(
        "error", line_of(PROTOCOL, "- random-map"), "No map 'random-map' of network 'clean' for 1 case (case-03)."
    )
    assert [each.level for each in found(PROTOCOL, there, "draft")] == ["warning"]


def test_missing_predictions_stop_locking() -> None:
    problems = found(PROTOCOL, replace(world(), predictions=frozenset()), "lock")
    assert [problem.level for problem in problems] == ["error"]
    assert "No prediction of network 'clean' for 5 cases" in problems[0].message


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("[none, grad-cam]", "[grad-cam]", "the effect of the AI's call would be credited to the map"),
        ("planned: 12", "planned: 2", "2 readers are planned, but latin-square over 3 arms is balanced over 3."),
        ("dataset:", "languages: [en, de]\ndataset:", "The consent has no text in: de."),
        ("finding: nodule\n    network", "finding: mass\n    network", "says nothing of 'mass' for 4 cases"),
    ],
)
def test_doubts_are_warnings(old: str, new: str, message: str) -> None:
    problems = found(PROTOCOL.replace(old, new, 1))
    assert [problem.level for problem in problems] == ["warning"]
    assert message in problems[0].message


def test_a_study_without_a_decision_or_a_control_is_doubtful() -> None:
    start, end = PROTOCOL.index("  - name: reading"), PROTOCOL.index("  - name: rating")
    source = (PROTOCOL[:start] + PROTOCOL[end:]).replace(
        "      - random-map\n      - ground-truth-mask\n", "      - lrp\n"
    )
    messages = [problem.message for problem in found(source)]
    assert [("real decision" in message, "no control" in message) for message in messages] == [
        (True, False),
        (False, True),
    ]


def test_cases_are_drawn_evenly_over_strata_and_the_same_for_a_seed() -> None:
    cases = {
        f"c{number:02}": CaseFacts(labels={"nodule": number % 2}, attributes={"split": "ab"[number // 2 % 2]})
        for number in range(24)
    }
    protocol, _ = read(PROTOCOL.replace("{count: 4}", "{count: 12, strata: [reference, split]}"))
    drawn = chosen_cases(protocol, cases)["reading"]
    counts = Counter((cases[slug].labels["nodule"], cases[slug].attributes["split"]) for slug in drawn)
    assert set(counts.values()) == {3}
    assert chosen_cases(protocol, dict(reversed(cases.items())))["reading"] == drawn
    assert chosen_cases(replace(protocol, seed=8), cases)["reading"] != drawn


def test_a_settled_protocol_names_all_its_cases() -> None:
    protocol, _ = read(PROTOCOL)
    there = world()
    done = settled(protocol, there.datasets["phantoms"])
    assert len(done.blocks[0].cases.include) == 4
    assert "case-01" not in done.blocks[0].cases.include, "practice is not analysed"
    assert check(done, there, None, "lock") == []
    assert settled(done, {}) == done


def test_an_installation_without_methods_says_what_to_do() -> None:
    messages = [problem.message for problem in errors(found(PROTOCOL, replace(world(), methods={})))]
    assert "No methods are known yet; run 'manage.py sync_parts' first." in messages
