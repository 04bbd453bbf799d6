"""Marks in the image: by hand, by crosshair and by numbers, zoomed and moved, and never by drag alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template import Context
from playwright.sync_api import Browser

from portal.display import image_payload, native
from tests.browser.conftest import Site
from tests.browser.viewer.bench import ENGINE, Bench, open_bench

pytestmark = pytest.mark.browser

ROWS, COLUMNS = 80, 120
PIXELS = np.tile(np.linspace(0, 4000, COLUMNS), (ROWS, 1)).astype(np.uint16)
PAYLOAD = image_payload(PIXELS, bits=12)
VOLUME = image_payload(np.stack([PIXELS, PIXELS // 2, PIXELS // 3]), bits=12)
WIDE, NARROW = (1440, 900), (390, 844)


@pytest.fixture(params=["webgl2", "canvas"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    opened: Browser = request.getfixturevalue({"webgl2": "webgl_browser", "canvas": "canvas_browser"}[request.param])
    yield opened
    for context in opened.contexts:
        context.close()


@pytest.fixture
def quick(webgl_browser: Browser) -> Iterator[Browser]:
    yield webgl_browser
    for context in webgl_browser.contexts:
        context.close()


class Marking:
    """A bench with a question beside the image."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.page = bench.page

    @property
    def marks(self) -> list[dict[str, Any]]:
        """What the form would send."""
        found: list[dict[str, Any]] = json.loads(self.page.input_value("input[type=hidden][name=where]"))
        return found

    @property
    def only(self) -> dict[str, Any]:
        (mark,) = self.marks
        return mark

    def tool(self, name: str) -> None:
        self.page.click(f"[data-region-tool={name}]")

    def at(self, column: float, row: float) -> tuple[float, float]:
        """Where an image point lies on the page, worked out from the stage's box and the viewer's state."""
        box = self.page.evaluate(
            "() => { const b = document.querySelector('.viewer__stage').getBoundingClientRect();"
            " return [b.left, b.top, b.width, b.height]; }"
        )
        left, top, width, height = box
        view = self.bench.state()["view"]
        scale = min(width / COLUMNS, height / ROWS) * view["zoom"]
        return left + width / 2 + (column - view["x"]) * scale, top + height / 2 + (row - view["y"]) * scale

    def click(self, column: float, row: float) -> None:
        self.page.mouse.click(*self.at(column, row))

    def drag(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place), steps=4)
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def events(self, kind: str) -> list[dict[str, Any]]:
        self.page.wait_for_timeout(80)
        return [event for event in self.page.evaluate("window.seen") if event["kind"] == kind]

    def look(self, name: str) -> None:
        """Axe finds nothing; `SCREENSHOTS=folder` keeps a picture."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
        options = {"rules": {"page-has-heading-one": {"enabled": False}, "region": {"enabled": False}}}
        violations = Axe().run(self.page, options=options).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in violations] == []


def marking(browser: Browser, site: Site, payload: Any = PAYLOAD, **facts: Any) -> Marking:
    where = facts.pop("where", {})
    question = {"name": "where", "prompt": "Where is it?", "required": True, "value": "[]", **where}
    form = ENGINE.get_template("studies/questions/region.html").render(Context({"question": question}))
    return Marking(open_bench(browser, site, payload, beside=form, **facts))


def close(points: list[list[float]], *expected: tuple[float, float], within: float = 0.5) -> bool:
    return len(points) == len(expected) and np.abs(np.array(points) - np.array(expected)).max() <= within


def test_each_tool_by_clicks_alone(browser: Browser, site: Site) -> None:
    """Nothing needs a drag: a point is one click, a box two, outlines end on their first point."""
    page = marking(browser, site)
    page.tool("point")
    page.click(30, 20)
    assert page.only["kind"] == "point"
    assert close(page.only["points"], (30, 20))
    page.tool("box")
    page.click(90, 60)
    page.click(50, 30)
    assert close(page.marks[1]["points"], (90, 60), (50, 30))
    for index, tool in enumerate(("polygon", "freehand"), start=2):
        page.tool(tool)
        for corner in ((10, 40), (40, 45), (25, 70), (10, 40)):
            page.click(*corner)
        assert page.marks[index]["kind"] == tool
        assert close(page.marks[index]["points"], (10, 40), (40, 45), (25, 70))
    assert {mark["slice"] for mark in page.marks} == {0}
    assert page.page.locator(".region__mark").count() == 4
    assert "point at column 30, row 20" in page.page.inner_text(".region__mark >> nth=0")


def test_boxes_and_lines_can_be_drawn(browser: Browser, site: Site) -> None:
    page = marking(browser, site)
    page.tool("box")
    page.drag((20, 10), (60, 50))
    assert close(page.only["points"], (20, 10), (60, 50))
    page.tool("freehand")
    page.drag((70, 20), (100, 20), (100, 60), (70, 60), (70, 24))
    drawn = page.marks[1]
    assert drawn["kind"] == "freehand"
    assert 4 <= len(drawn["points"]) <= 20, "thinned to what the shape needs"
    columns, rows = zip(*drawn["points"], strict=True)
    assert close([[min(columns), min(rows)], [max(columns), max(rows)]], (70, 20), (100, 60))


def test_marks_are_true_to_the_image_when_zoomed_and_moved(browser: Browser, site: Site) -> None:
    page = marking(browser, site)
    page.bench.page.focus(".viewer__stage")
    page.press("+", "+", "+", "+", "ArrowLeft", "ArrowUp", "ArrowUp")
    page.bench.settle()
    page.tool("point")
    page.click(52.25, 33.5)
    assert close(page.only["points"], (52.25, 33.5), within=0.2)
    page.press("Escape", "r")
    page.bench.settle()
    box = page.page.locator(".viewer__mark .viewer__line").bounding_box()
    assert box is not None
    x, y = page.at(*page.only["points"][0])
    assert abs(box["x"] + box["width"] / 2 - x) < 1
    assert abs(box["y"] + box["height"] / 2 - y) < 1


def test_everything_by_keyboard(quick: Browser, site: Site) -> None:
    page = marking(quick, site)
    page.page.focus("[data-region-tool=point]")
    page.press("Enter")
    assert page.page.evaluate("document.activeElement.classList.contains('viewer__stage')")
    page.press("ArrowRight", "Shift+ArrowDown", "Enter")
    assert page.only["points"] == [[COLUMNS / 2 + 1, ROWS / 2 + 10]]
    page.tool("polygon")
    page.press("ArrowUp", "Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter")
    assert len(page.marks) == 1
    page.press("Enter")
    assert page.marks[1]["points"] == [[60, 39], [70, 39], [70, 49]]
    page.press("Escape")
    page.page.focus("[data-mark='1']:not([data-corner])")
    page.press("ArrowLeft", "Shift+ArrowUp")
    assert page.marks[1]["points"] == [[59, 29], [69, 29], [69, 39]]
    page.press("Tab", "Tab", "ArrowRight")
    assert page.marks[1]["points"] == [[59, 29], [70, 29], [69, 39]]
    page.press("Control+z", "Control+z")
    assert page.marks[1]["points"] == [[60, 39], [70, 39], [70, 49]]
    page.page.focus("[data-mark='0']")
    page.press("Delete")
    assert [mark["kind"] for mark in page.marks] == ["polygon"]
    page.press("Control+z")
    assert [mark["kind"] for mark in page.marks] == ["point", "polygon"]
    page.press("Control+Shift+z")
    assert [mark["kind"] for mark in page.marks] == ["polygon"]
    kinds = {event["kind"] for event in page.page.evaluate("window.seen")}
    assert {"roi_add", "roi_edit", "roi_delete"} <= kinds


def test_coordinates_in_fields(quick: Browser, site: Site) -> None:
    page = marking(quick, site)
    assert not page.page.is_visible("[data-part=coordinates]")
    page.tool("box")
    for column, row in ((12.5, 8), (300, 44)):
        page.page.fill("[data-part=column]", str(column))
        page.page.fill("[data-part=row]", str(row))
        page.page.focus("[data-part=row]")
        page.press("Enter")
    assert page.only["points"] == [[12.5, 8], [COLUMNS, 44]], "as far as the image reaches"
    page.tool("polygon")
    for column, row in ((5, 5), (25, 5), (25, 30)):
        page.page.fill("[data-part=column]", str(column))
        page.page.fill("[data-part=row]", str(row))
        page.page.click("[data-region-action=set]")
    page.page.click("[data-region-action=finish]")
    assert page.marks[1]["points"] == [[5, 5], [25, 5], [25, 30]]


def test_a_mark_is_corrected_by_hand(quick: Browser, site: Site) -> None:
    page = marking(quick, site)
    page.tool("box")
    page.drag((30, 20), (60, 50))
    page.press("Escape")
    page.drag((30, 35), (40, 40))
    assert close(page.only["points"], (40, 25), (70, 55))
    page.drag((70, 25), (90, 10))
    assert close(page.only["points"], (40, 10), (90, 55)), "the corner that is not stored moves both that are"
    page.page.click("[data-region-action=undo]")
    assert close(page.only["points"], (40, 25), (70, 55)), "a drag is one step"
    page.drag((40, 40), (400, 40))
    assert close(page.only["points"], (COLUMNS - 30, 25), (COLUMNS, 55)), "it stays in the image, and keeps its size"


def test_the_list_goes_to_a_mark_and_deletes_it(quick: Browser, site: Site) -> None:
    page = marking(quick, site, VOLUME)
    page.tool("point")
    page.click(10, 10)
    page.bench.page.focus(".viewer__stage")
    page.press("PageDown")
    page.bench.settle()
    page.click(50, 50)
    assert [mark["slice"] for mark in page.marks] == [1, 2]
    assert page.page.locator(".viewer__mark").count() == 1, "the marks of the slice that is shown"
    assert "slice 2" in page.page.inner_text(".region__mark >> nth=0")
    page.page.click(".region__pick >> nth=0")
    page.bench.settle()
    assert page.bench.state()["slice"] == 1
    assert page.page.evaluate("document.activeElement.dataset.mark") == "0"
    page.page.click(".region__remove >> nth=0")
    assert close(page.only["points"], (50, 50))
    assert "Mark 1" in page.page.inner_text(".region__mark")


def test_no_more_marks_than_asked_for_and_only_with_these_tools(quick: Browser, site: Site) -> None:
    page = marking(quick, site, where={"tools": ("point", "box"), "most": 1})
    assert not page.page.is_visible("[data-region-tool=polygon]")
    page.tool("point")
    page.click(20, 20)
    page.click(60, 20)
    assert len(page.marks) == 1
    assert page.page.is_disabled("[data-region-tool=point]")
    page.page.click(".region__remove")
    assert page.page.is_enabled("[data-region-tool=point]")


def test_each_mark_is_given_a_confidence_where_asked(quick: Browser, site: Site) -> None:
    page = marking(quick, site, where={"rated": True})
    page.tool("point")
    page.click(20, 20)
    assert page.page.evaluate("document.querySelector('[data-kind=region] input:invalid') !== null")
    page.page.fill(".region__sure input", "70")
    assert page.only["confidence"] == 70
    page.press("Escape")
    page.page.focus("[data-mark='0']")
    page.press("ArrowRight")
    assert page.only["confidence"] == 70


def test_given_marks_are_there_again(quick: Browser, site: Site) -> None:
    value = [{"kind": "box", "slice": 0, "points": [[10, 10], [40, 30]]}]
    page = marking(quick, site, where={"value": json.dumps(value)})
    assert page.marks == value
    assert page.page.locator(".viewer__mark").count() == 1


def test_keys_do_not_reach_the_form_nor_windows_the_hand(quick: Browser, site: Site) -> None:
    """While a tool is chosen Enter sets points, and a drag changes no window; the digits still belong to the form."""
    page = marking(quick, site)
    before = page.bench.state()["window"]
    page.page.evaluate(
        "() => { window.left = []; document.addEventListener('keydown',"
        " (e) => { if (!e.defaultPrevented) window.left.push(e.key); }); }"
    )
    page.tool("box")
    page.drag((20, 20), (50, 60))
    page.press("Enter", "1", "Enter", "3")
    assert page.page.evaluate("window.left") == ["1", "3"]
    assert page.bench.state()["window"] == before
    page.press("Escape", "Escape", "Enter")
    assert page.page.evaluate("window.left")[2:] == ["Enter"]
    page.drag((80, 30), (100, 70))
    assert page.bench.state()["window"] != before


def test_two_fingers_move_the_image_and_leave_no_mark(quick: Browser, site: Site) -> None:
    page = marking(quick, site, touch=True)
    page.tool("point")
    session = page.bench.context.new_cdp_session(page.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [dict(zip("xy", page.at(*point), strict=True)) for point in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (50, 40))
    touch("touchStart", (50, 40), (70, 40))
    touch("touchMove", (40, 40), (80, 40))
    touch("touchEnd")
    assert page.marks == []
    assert page.bench.state()["view"]["zoom"] > 1.2
    touch("touchStart", (50, 40))
    touch("touchEnd")
    assert len(page.marks) == 1


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_axe_finds_nothing(quick: Browser, site: Site, size: tuple[int, int]) -> None:
    label = "wide" if size == WIDE else "narrow"
    shown = native(np.eye(8), rows=ROWS, columns=COLUMNS).array
    page = Marking(marking_with_map(quick, site, shown, size))
    page.look(f"regions-empty-{label}")
    page.tool("polygon")
    page.press("ArrowUp", "Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown")
    page.look(f"regions-polygon-{label}")
    page.press("Enter", "Enter")
    page.tool("box")
    page.drag((20, 10), (50, 40))
    page.tool("point")
    page.click(100, 60)
    page.press("Escape")
    page.page.click(".region__pick >> nth=0")
    page.look(f"regions-marks-{label}")
    small = page.page.evaluate(
        """() => [...document.querySelectorAll("fieldset button, fieldset input, .viewer__reach")]
        .filter((part) => part.checkVisibility() && part.type !== "hidden")
        .map((part) => [part.outerHTML, part.getBoundingClientRect()])
        .filter(([, box]) => box.width < 23.9 || box.height < 23.9).map(([html]) => html)"""
    )
    assert small == []
    assert page.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def marking_with_map(browser: Browser, site: Site, shown: Any, size: tuple[int, int]) -> Bench:
    question = {"name": "where", "prompt": "Where is it?", "required": True, "value": "[]", "rated": True}
    form = ENGINE.get_template("studies/questions/region.html").render(Context({"question": question}))
    return open_bench(browser, site, PAYLOAD, shown, size=size, bypass=True, beside=form)


def test_names_are_the_same_for_every_image(quick: Browser, site: Site) -> None:
    """What a screen reader says of a mark depends on where it lies alone."""
    page = marking(quick, site, name="A")
    page.tool("point")
    page.click(20, 20)
    assert page.page.get_attribute(".viewer__marks", "aria-label") == "Marks in the image"
    assert page.page.get_attribute(".viewer__mark", "aria-label") == "Mark 1: point at column 20, row 20"
    assert set(page.events("roi_add")[0]) == {
        "kind", "viewer", "at", "mark", "shape", "slice", "points", "x0", "y0", "x1", "y1",
    }  # fmt: skip
