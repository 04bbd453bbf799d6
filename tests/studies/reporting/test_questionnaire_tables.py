"""Scales, profiles and remarks as they are handed out: scores, small cells left out, cells that calculate nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.analyses import registry
from portal.accounts.models import User
from studies.models import Enrolment, RunKind
from studies.reporting.anonymity import k_anonymous, marginal_counts, without_rare_values
from studies.reporting.questionnaires import profiles_table, remarks_table, scale_items, scales_table
from studies.reporting.safe_cells import safe_cell
from studies.services.export import export_study, table_as_csv
from tests.studies.forms_ward import answers_to, fill, make_asking_study
from tests.studies.ward import Ward, enrolled, signed_in

LIVE = [RunKind.LIVE.value]
PART = """
questionnaires:
  start: [reader-profile, colour-vision, comprehension, {name: nasa-tlx, weights: pairs}, sus]
  smallest_cell: 2
"""
fields = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.sampled_from("12")), min_size=0, max_size=40
)


@settings(deadline=None)
@given(fields, st.integers(1, 6))
def test_each_combination_that_is_told_is_shared(rows: list[tuple[str, str, str]], k: int) -> None:
    """Counted anew: whoever is told apart by anything is one of at least k."""
    frame = pd.DataFrame(rows, columns=["specialty", "role", "years"], dtype=object)
    shown = k_anonymous(frame, ["specialty", "role", "years"], k)
    assert len(shown) == len(frame)
    told = [tuple(row) for row in shown.itertuples(index=False) if any(value is not None for value in row)]
    assert all(told.count(row) >= k for row in told)
    for before, after in zip(frame.itertuples(index=False), shown.itertuples(index=False), strict=True):
        assert all(late in (None, early) for early, late in zip(before, after, strict=True))


def test_what_all_share_is_told_and_what_one_has_is_not() -> None:
    frame = pd.DataFrame({"role": ["a"] * 5 + ["b"]}, dtype=object)
    assert without_rare_values(frame, ["role"], 5)["role"].tolist() == ["a"] * 5 + [None]
    counts = marginal_counts(frame, ["role"], 5)
    assert counts.to_dict("list") == {
        "field": ["role", "role"],
        "value": ["a", "any other"],
        "readers": ["5", "fewer than 5"],
    }


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain words", "plain words"),
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =HYPERLINK()", "'=HYPERLINK()"),
        ("'=1", "''=1"),
        ("two\r\nlines\n\n=3", "two ¶ lines ¶ =3"),
        ("a\x00b", "ab"),
    ],
)
def test_cells_neither_calculate_nor_break(text: str, cell: str) -> None:
    assert safe_cell(text) == cell


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_a_formula_or_a_second_line(text: str) -> None:
    cell = safe_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    written = table_as_csv(pd.DataFrame({"text": [cell]})).decode()
    assert [row[0] if row else "" for row in csv.reader(io.StringIO(written))] == ["text", cell]


@pytest.fixture
def ward(researcher: User) -> Ward:
    return make_asking_study(researcher, part=PART)


@pytest.fixture
def filled(ward: Ward, reader_user: User, outsider: User, administrator: User) -> list[Enrolment]:
    """Three readers; the third has another specialty."""
    found = []
    for number, user in enumerate((reader_user, outsider, administrator)):
        enrolment, client = enrolled(ward, user), signed_in(user)
        profile = answers_to("reader-profile") | ({"specialty": "surgery"} if number == 2 else {})
        fill(client, enrolment, "start", "reader-profile", profile)
        fill(client, enrolment, "start", "colour-vision")
        fill(client, enrolment, "start", "comprehension")
        load = {f"item-{item}": 10.0 * item for item in range(1, 7)}
        load |= {f"pair-{first}-{second}": second for first in range(1, 7) for second in range(first + 1, 7)}
        assert fill(client, enrolment, "start", "nasa-tlx", load).status_code == 200
        sus = {f"item-{item}": 5 if item % 2 else 1 + number for item in range(1, 11)}
        assert fill(client, enrolment, "start", "sus", sus).status_code == 200
        found.append(enrolment)
    return found


def test_scales_carry_their_published_scores(filled: list[Enrolment]) -> None:
    """By hand. SUS: 100 with all best answers, 12.5 less for each point worse on five items.

    The load index with weights 0 to 5 on 10 to 60: (1*20 + 2*30 + 3*40 + 4*50 + 5*60) / 15.
    """
    table = scales_table(filled[0].version, LIVE)
    sus = table[table["instrument"] == "sus"]
    assert sus["score"].tolist() == [100.0, 87.5, 75.0]
    load = table[table["instrument"] == "nasa-tlx"].iloc[0]
    assert load["score"] == pytest.approx(700 / 15)
    assert [load[f"weight_{item}"] for item in range(1, 7)] == [0, 1, 2, 3, 4, 5]
    assert load["order"] == "1 2 3 4 5 6"
    attitude = table[table["instrument"] == "ai-attitude"]
    assert attitude["questionnaire"].unique().tolist() == ["reader-profile"]
    assert attitude["score"].tolist() == [3.0] * 3
    assert list(table.columns[-12:]) == [f"item_{n}" for n in range(5, 11)] + [f"weight_{n}" for n in range(1, 7)]


def test_the_analysis_reads_the_items(filled: list[Enrolment]) -> None:
    items = scale_items(filled[0].version, LIVE)
    sus = items[items["instrument"] == "sus"]
    found = registry["questionnaires"]().analyse(sus).tables["scores"]
    assert found["mean"].tolist() == [87.5]
    assert set(items["where"]) == {"before the first image"}


def test_a_profile_that_nobody_shares_is_left_out(filled: list[Enrolment]) -> None:
    table = profiles_table(filled[0].version, LIVE)
    assert table["specialty"].tolist() == ["radiology", "radiology", None]
    assert "surgery" not in table_as_csv(table).decode()
    assert table["comprehension"].tolist() == ["passed 1"] * 3


def test_the_export_hands_out_what_was_filled_in(filled: list[Enrolment], tmp_path: Path) -> None:
    sums = export_study(version=filled[0].version, run_kinds=LIVE, out=tmp_path, actor=None)
    assert {"scales.csv", "profiles.csv", "questionnaires-codebook.csv"} <= set(sums)
    assert "remarks.csv" not in sums
    assert len((tmp_path / "scales.csv").read_text().splitlines()) == 1 + 3 * 3


def test_remarks_come_under_pseudonyms_and_in_one_line(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(make_asking_study(researcher, part=""), reader_user)
    enrolment.trials.update(state="done")
    Enrolment.objects.update(state="completed")
    said = {"text": "=cmd()\nTiring.", "key": "8f14e45f-ceea-467f-a0e6-1b3d2a3c4d5e"}
    signed_in(reader_user).post(f"/study/{enrolment.pk}/thanks", said)
    table = remarks_table(enrolment.version, LIVE)
    assert table[["reader", "question", "text", "theme"]].to_numpy().tolist() == [
        [enrolment.reader.pseudonym, "remark", "'=cmd() ¶ Tiring.", ""]
    ]
    assert reader_user.email not in table_as_csv(table).decode()
