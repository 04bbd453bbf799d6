"""A protocol is read with every default filled in, and every mistake told with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.protocol import Unreadable, diff, document_of, from_document, hash_of, read
from tests.studies.protocol.small import PROTOCOL, line_of

DEMO = Path(__file__).parents[3] / "studies" / "demo"


def problems_of(source: str) -> list[tuple[int | None, str]]:
    with pytest.raises(Unreadable) as caught:
        read(source)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_it_fills_in_every_default() -> None:
    protocol, _ = read(PROTOCOL)
    assert protocol.washout_days == 28
    assert protocol.presentation.mode == "native"
    assert protocol.blocks[1].design.rounds == 2  # type: ignore[attr-defined]  # the latin square's own
    assert protocol.blocks[1].cases.include == ("case-02", "case-03")
    assert protocol.blocks[0].arms == ("clean/none", "clean/grad-cam")
    assert protocol.consent.version == "1.10", "what was written counts, not what YAML made of it"
    assert protocol.consent.text.in_language("de") == "You may stop at any time."


def test_the_document_reads_back_as_the_same_protocol() -> None:
    protocol, _ = read(PROTOCOL)
    document = json.loads(json.dumps(document_of(protocol)))
    assert from_document(document) == protocol
    assert document_of(from_document(document)) == document
    assert document["blocks"][0]["design"] == {"name": "latin-square", "rounds": 1, "longest_run": 2, "apart": None}


def test_comments_order_and_written_out_defaults_do_not_change_the_hash() -> None:
    first = hash_of(document_of(read(PROTOCOL)[0]))
    moved = "# a comment\nwashout_days: 28\n" + PROTOCOL.replace("network: clean", "networks: [clean]")
    assert hash_of(document_of(read(moved)[0])) == first
    assert hash_of(document_of(read(PROTOCOL.replace("seed: 7", "seed: 8"))[0])) != first


@pytest.mark.parametrize("name", ["finished.yaml", "open.yaml"])
def test_the_demo_protocols_can_be_read(name: str) -> None:
    protocol, _ = read((DEMO / name).read_text(encoding="utf-8"))
    for block in protocol.blocks:
        assert block.instructions.in_language("de") != block.instructions.in_language("en")


@pytest.mark.parametrize(
    "old, new, at, message",
    [
        ("seed: 7", "sede: 7", "sede", "There is no key 'sede'. Did you mean 'seed'?"),
        ("  ethics: EK-1\n", "", "consent", "'consent' needs the key 'ethics'."),
        ("seed: 7", "seed: seven", "seed", "'seed' cannot be 'seven'; it is a whole number."),
        ("seed: 7", "seed: -1", "seed", "'seed' cannot be -1; it goes from 0 to 4611686018427387904."),
        ("seed: 7", "seed: true", "seed", "'seed' cannot be 'True'; it is a whole number."),
        ("task: usefulness", "task: usefullness", "task: usefull", "Did you mean 'usefulness'?"),
        ("rounds: 2", "rounds: many", "design: {name", "latin-square: rounds cannot be 'many'; it is a whole number."),
        ("rounds: 2", "round: 2", "design: {name", "latin-square has no parameter 'round'"),
        ("cases: {count: 4}", "cases: {cuont: 4}", "cases: {cuont", "There is no key 'cuont' in 'cases'."),
        ("cases: {count: 4}", "cases: 4", "cases: 4", "'cases' must be a list of keys and values."),
        ("study: small-study", "study: Small Study", "study", "made of small letters, digits and single hyphens"),
        ("    network: clean\n", "    network: clean\n    networks: [x]\n", "    networks", "not both"),
        ("title: A small study", "title: ''", "title", "'title' is empty."),
        ("title: A small study", "title: " + "x" * 201, "title", "'title' is longer than 200 characters."),
        ("dataset:", "languages: [en, fr]\ndataset:", "languages", "cannot be 'fr'; it is one of en, de"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, at: str, message: str) -> None:
    source = PROTOCOL.replace(old, new, 1)
    found = problems_of(source)
    assert any(message in text and line == line_of(source, at) for line, text in found), found


def test_several_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    source = (
        PROTOCOL.replace("seed: 7", "seed: x").replace("task: usefulness", "task: liking").replace("title:", "tite:")
    )
    lines = [line for line, _ in problems_of(source)]
    assert len(lines) >= 4
    assert lines == sorted(lines, key=lambda line: line or 0)


def test_a_key_given_twice_is_refused() -> None:
    source = PROTOCOL.replace("seed: 7\n", "seed: 7\nseed: 8\n")
    assert problems_of(source) == [(5, "The key 'seed' is given twice; it stands in line 4 already.")]


@pytest.mark.parametrize(
    "source, message",
    [
        ("", "empty"),
        ("- a\n- b\n", "The protocol must be a list of keys and values."),
        ("study: [a\n", "This is not YAML"),
        ("a: 1\n\tb: 2\n", "This is not YAML"),
        ("study: !!python/object/apply:os.system [ls]\n", "needs the key"),
        ("a: &a [*a]\n", "nested too deeply"),
        ("\x00", "This is not YAML"),
        ("? [a, b]\n: c\n", "A key must be a word."),
        ("a: 1\n---\nb: 2\n", "This is not YAML"),
        ("x" * 300_000, "longer than 256 kB"),
    ],
)
def test_what_is_no_protocol_is_refused_in_a_sentence(source: str, message: str) -> None:
    assert any(message in text for _, text in problems_of(source))


def test_a_bomb_of_aliases_is_refused() -> None:
    """The 'billion laughs' of YAML: nine lists of nine of the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert any("too many things" in text for _, text in problems_of("\n".join(lines)))


@given(st.text(alphabet="abc:[]{}-# \n\t&*!|>'\"?,0", max_size=60))
def test_no_text_makes_it_fail_without_a_sentence(source: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(source)
    assert all(str(problem).endswith((".", "?")) for problem in caught.value.problems)


def test_the_difference_of_two_protocols_names_what_changed() -> None:
    old = document_of(read(PROTOCOL)[0])
    new = document_of(read(PROTOCOL.replace("planned: 12", "planned: 6").replace("name: rating", "name: liking"))[0])
    changed = [difference.path for difference in diff(old, new)]
    assert changed == ["blocks.liking", "blocks.rating", "readers.planned"]
    assert str(diff(old, new)[-1]) == "readers.planned: 12 became 6."
    assert diff(old, old) == []


def test_the_order_of_blocks_is_a_difference() -> None:
    old = document_of(read(PROTOCOL)[0])
    assert [difference.path for difference in diff(old, {**old, "blocks": old["blocks"][::-1]})] == ["blocks (order)"]
