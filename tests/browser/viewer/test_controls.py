"""What a reader can do: by keyboard, by native control, by mouse and by touch; and what the page is told of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from portal.display import Window, image_payload, native, render
from tests.browser.conftest import Reply, Site, until
from tests.browser.viewer.bench import Bench, open_bench

pytestmark = pytest.mark.browser

PIXELS = np.tile(np.linspace(0, 4000, 200), (160, 1)).astype(np.uint16)
PAYLOAD = image_payload(PIXELS, bits=12, window=Window(2000, 4000), presets=[Window(600, 800, "Lung")])
VOLUME = np.stack([PIXELS // (1 + index) for index in range(5)])


def saliency() -> NDArray[np.uint8]:
    return native(np.eye(8), rows=160, columns=200).array


@pytest.fixture
def browser(webgl_browser: Browser) -> Iterator[Browser]:
    yield webgl_browser
    for context in webgl_browser.contexts:
        context.close()


@pytest.fixture
def bench(browser: Browser, site: Site) -> Bench:
    opened = open_bench(browser, site, PAYLOAD, saliency())
    opened.page.focus(".viewer__stage")
    return opened


def press(bench: Bench, *keys: str) -> None:
    for key in keys:
        bench.page.keyboard.press(key)
    bench.settle()


def test_keys_reach_everything(bench: Bench) -> None:
    press(bench, "o")
    assert bench.state()["overlay"] is False
    assert not bench.page.is_checked("[data-viewer-field=overlay]")
    press(bench, "o", "]", "]", "[")
    assert bench.state()["overlay"] is True
    assert bench.state()["opacity"] == pytest.approx(0.6)
    assert bench.page.input_value("[data-viewer-field=opacity]") == "60"
    press(bench, "i")
    assert bench.state()["invert"] is True
    press(bench, "+", "+", "+")
    assert bench.state()["view"]["zoom"] == pytest.approx(1.25**3)
    before = bench.state()["view"]
    press(bench, "ArrowLeft", "ArrowUp")
    after = bench.state()["view"]
    assert after["x"] < before["x"]
    assert after["y"] < before["y"]
    press(bench, "ArrowRight", "ArrowDown")
    assert bench.state()["view"]["x"] == pytest.approx(before["x"])
    press(bench, "-")
    assert bench.state()["view"]["zoom"] == pytest.approx(1.25**2)
    press(bench, "r")
    state = bench.state()
    assert (state["opacity"], state["invert"], state["view"]["zoom"], state["overlay"]) == (0.5, False, 1, True)


def test_holding_hides_the_overlay_for_as_long(bench: Bench) -> None:
    bench.page.keyboard.down("h")
    plain = bench.read()
    np.testing.assert_allclose(plain.astype(int), render(PIXELS, PAYLOAD.header), atol=1)
    bench.page.keyboard.up("h")
    shown = bench.read()
    np.testing.assert_allclose(shown.astype(int), render(PIXELS, PAYLOAD.header, saliency=saliency()), atol=1)
    assert np.abs(shown.astype(int) - plain).max() > 40


def test_the_hold_button_works_with_mouse_and_keyboard(bench: Bench) -> None:
    bench.page.hover("[data-viewer-hold]")
    bench.page.mouse.down()
    assert bench.state()["held"] is True
    bench.page.mouse.up()
    assert bench.state()["held"] is False
    bench.page.focus("[data-viewer-hold]")
    bench.page.keyboard.down(" ")
    assert bench.state()["held"] is True
    bench.page.keyboard.up(" ")
    assert bench.state()["held"] is False


def test_losing_the_focus_ends_holding(bench: Bench) -> None:
    bench.page.keyboard.down("h")
    bench.page.evaluate("() => document.activeElement.blur()")
    assert bench.state()["held"] is False


def test_single_keys_need_the_focus(bench: Bench) -> None:
    bench.page.evaluate("() => document.activeElement.blur()")
    press(bench, "o", "i")
    assert bench.state()["overlay"] is True
    assert bench.state()["invert"] is False


def test_single_keys_can_be_switched_off(bench: Bench) -> None:
    press(bench, "?")
    bench.page.uncheck("dialog [data-viewer-field=keys]")
    bench.page.click("dialog [data-viewer-action=close-help]")
    bench.page.focus(".viewer__stage")
    press(bench, "o", "i", "?")
    assert bench.state()["overlay"] is True
    assert bench.state()["invert"] is False
    assert not bench.page.is_visible("dialog")
    press(bench, "+", "ArrowLeft")
    assert bench.state()["view"]["zoom"] == 1
    bench.page.reload()
    until(bench.page, "() => window.__viewerTest && document.querySelector('.viewer').dataset.painted")
    bench.page.focus(".viewer__stage")
    press(bench, "o")
    assert bench.state()["overlay"] is True, "the choice is remembered"


def test_help_opens_and_closes_with_keys(bench: Bench) -> None:
    press(bench, "?")
    assert bench.page.is_visible("dialog")
    press(bench, "o")
    assert bench.state()["overlay"] is True
    press(bench, "Escape")
    assert not bench.page.is_visible("dialog")
    assert "help_open" in bench.kinds()


def test_digits_and_enter_are_left_to_the_answer_form(bench: Bench) -> None:
    before = bench.state()
    bench.page.evaluate(
        "() => { window.prevented = []; document.addEventListener('keydown',"
        " (e) => window.prevented.push(e.defaultPrevented)); }"
    )
    press(bench, "1", "2", "3", "4", "5", "Enter")
    assert bench.state() == before
    assert bench.page.evaluate("window.prevented") == [False] * 6


def test_native_controls_reach_everything(bench: Bench) -> None:
    page = bench.page
    page.uncheck("[data-viewer-field=overlay]")
    page.fill("[data-viewer-field=opacity]", "80")
    page.fill("input[type=number][data-viewer-field=centre]", "1000")
    page.fill("input[type=number][data-viewer-field=width]", "500")
    page.check("[data-viewer-field=invert]")
    page.click("[data-viewer-action=zoom-in]")
    bench.settle()
    state = bench.state()
    assert (state["overlay"], state["opacity"], state["invert"]) == (False, 0.8, True)
    assert state["window"] == {"centre": 1000, "width": 500}
    assert page.input_value("input[type=range][data-viewer-field=centre]") == "1000"
    assert page.input_value("[data-viewer-field=preset]") == "custom"
    expected = render(PIXELS, PAYLOAD.header, Window(1000, 500), invert=True)
    np.testing.assert_allclose(bench.read().astype(int), expected, atol=1)
    page.select_option("[data-viewer-field=preset]", label="Lung")
    bench.settle()
    assert bench.state()["window"] == {"centre": 600, "width": 800}
    assert page.input_value("input[type=number][data-viewer-field=width]") == "800"
    x = bench.state()["view"]["x"]
    page.click("[data-viewer-action=left]")
    assert bench.state()["view"]["x"] < x
    page.click("[data-viewer-action=fit]")
    assert bench.state()["view"]["zoom"] == 1
    page.click("[data-viewer-action=reset]")
    assert bench.state()["window"] == {"centre": 2000, "width": 4000}


def test_wrong_numbers_change_nothing(bench: Bench) -> None:
    bench.page.fill("input[type=number][data-viewer-field=width]", "")
    assert bench.state()["window"]["width"] == 4000
    bench.page.fill("input[type=number][data-viewer-field=width]", "-5")
    assert bench.state()["window"]["width"] == 1


def centre(bench: Bench) -> tuple[float, float]:
    box = bench.page.locator(".viewer__stage").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(bench: Bench, across: float, down: float, button: str = "left") -> None:
    x, y = centre(bench)
    bench.page.mouse.move(x, y)
    bench.page.mouse.down(button=button)  # type: ignore[arg-type]
    bench.page.mouse.move(x + across, y + down, steps=4)
    bench.page.mouse.up(button=button)  # type: ignore[arg-type]
    bench.settle()


def test_dragging_sets_the_window(bench: Bench) -> None:
    drag(bench, 90, 0)
    assert bench.state()["window"]["width"] > 5000
    assert bench.state()["window"]["centre"] == 2000
    press(bench, "r")
    drag(bench, 0, -60)
    assert bench.state()["window"]["centre"] < 1500  # up is brighter


def test_dragging_pans_with_space_middle_button_or_tool(bench: Bench) -> None:
    press(bench, "+", "+", "+", "+")
    start = bench.state()["view"]["x"]
    bench.page.keyboard.down(" ")
    drag(bench, 40, 0)
    bench.page.keyboard.up(" ")
    second = bench.state()["view"]["x"]
    assert second < start
    drag(bench, -40, 0, "middle")
    assert bench.state()["view"]["x"] == pytest.approx(start)
    bench.page.click("[data-viewer-action=tool-pan]")
    assert bench.page.get_attribute("[data-viewer-action=tool-pan]", "aria-pressed") == "true"
    drag(bench, 40, 0)
    assert bench.state()["view"]["x"] == pytest.approx(second)
    assert bench.state()["window"]["width"] == 4000


def test_the_wheel_zooms_where_it_points(bench: Bench) -> None:
    box = bench.page.locator(".viewer__stage").bounding_box()
    assert box is not None
    point = """([x, y]) => { const v = window.__viewerTest.viewer(0); const s = v.size();
      const scale = Math.min(s.width / 200, s.height / 160) * v.state.view.zoom;
      return [v.state.view.x + (x - s.width / 2) / scale, v.state.view.y + (y - s.height / 2) / scale]; }"""
    at = [box["width"] / 2 + 60, box["height"] / 2 - 50]
    before = bench.page.evaluate(point, at)
    bench.page.mouse.move(box["x"] + at[0], box["y"] + at[1])
    bench.page.mouse.wheel(0, -600)
    until(bench.page, "() => window.__viewerTest.state().view.zoom > 2")
    bench.settle()
    np.testing.assert_allclose(bench.page.evaluate(point, at), before, atol=0.3)


def test_volumes_turn_slices_by_key_slider_and_wheel(browser: Browser, site: Site) -> None:
    bench = open_bench(browser, site, image_payload(VOLUME))
    assert bench.state()["slice"] == 2
    bench.page.focus(".viewer__stage")
    press(bench, "PageDown")
    assert bench.state()["slice"] == 3
    press(bench, "PageUp", "PageUp", "PageUp", "PageUp", "PageUp")
    assert bench.state()["slice"] == 0
    bench.page.fill("[data-viewer-field=slice]", "5")
    assert bench.state()["slice"] == 4
    x, y = centre(bench)
    bench.page.mouse.move(x, y)
    bench.page.mouse.wheel(0, -100)
    until(bench.page, "() => window.__viewerTest.state().slice === 3")
    bench.page.click("[data-viewer-action=next-slice]")
    assert bench.state()["slice"] == 4


def test_two_fingers_zoom_and_move(browser: Browser, site: Site) -> None:
    bench = open_bench(browser, site, PAYLOAD, saliency(), size=(360, 740), touch=True, ratio=2)
    x, y = centre(bench)
    touch = bench.context.new_cdp_session(bench.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        found = [{"x": px, "y": py, "id": index} for index, (px, py) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": found})

    send("touchStart", (x - 20, y), (x + 20, y))
    for apart in (30, 40, 50, 60):
        send("touchMove", (x - apart, y), (x + apart, y))
    send("touchEnd")
    assert bench.state()["view"]["zoom"] > 2
    assert bench.state()["window"]["width"] == 4000


def test_the_page_is_told_what_was_done(bench: Bench) -> None:
    press(bench, "o", "]", "i", "+", "ArrowLeft")
    bench.page.fill("input[type=number][data-viewer-field=width]", "900")
    bench.page.focus(".viewer__stage")
    press(bench, "r")
    kinds = bench.kinds()
    assert kinds[0] == "paint"
    assert {"overlay_toggle", "opacity", "invert", "zoom", "pan", "viewport", "wl", "reset"} <= set(kinds)
    events = bench.page.evaluate("window.seen")
    toggle = next(event for event in events if event["kind"] == "overlay_toggle")
    assert (toggle["shown"], toggle["viewer"]) == (False, "A")
    assert toggle["at"] >= 0
    assert next(event for event in events if event["kind"] == "wl")["w"] == 900
    first = events[0]
    assert (first["backend"], first["devicePixelRatio"]) == ("webgl2", 1)
    viewport = [event for event in events if event["kind"] in ("zoom", "pan", "viewport")]
    assert viewport[0]["kind"] == "viewport"
    assert {"x0", "y0", "x1", "y1", "scale"} <= set(viewport[0])
    assert (viewport[0]["x0"], viewport[0]["y0"], viewport[0]["x1"], viewport[0]["y1"]) == (0, 0, 200, 160)
    assert max(event["scale"] for event in viewport) > viewport[0]["scale"]
    assert next(event for event in events if event["kind"] == "reset")["shown"] is True


def test_events_come_at_most_twenty_times_a_second(bench: Bench) -> None:
    count = bench.page.evaluate(
        """async () => { const viewer = window.__viewerTest.viewer(0); const start = performance.now();
        for (let i = 0; performance.now() - start < 400; i++) { viewer.setOpacity((i % 90) / 100);
          await new Promise((r) => setTimeout(r, 2)); }
        await new Promise((r) => setTimeout(r, 100));
        const seen = window.seen.filter((event) => event.kind === "opacity");
        return [seen.length, seen.at(-1).opacity, viewer.state.opacity]; }"""
    )
    assert 2 <= count[0] <= 12
    assert count[1] == count[2]


def test_textures_are_sent_once(browser: Browser, site: Site) -> None:
    """However much is moved: each slice once, the map once, the colours once."""
    bench = open_bench(browser, site, image_payload(VOLUME, bits=12), saliency())
    bench.page.focus(".viewer__stage")
    press(bench, "PageDown")
    until(bench.page, "() => window.__viewerTest.uploads() === 2 + 1 + 1")
    press(bench, "PageUp", "+", "ArrowLeft", "o", "o", "]", "i", "l", ".", "PageDown", "PageUp", "r")
    assert bench.page.evaluate("() => window.__viewerTest.uploads()") == 2 + 1 + 1


def test_lines_and_threshold_by_key_and_control(bench: Bench) -> None:
    press(bench, "l", ".", ".", ",")
    assert (bench.state()["blend"], bench.state()["threshold"]) == ("lines", 0.05)
    assert bench.page.input_value("[data-viewer-field=blend]") == "lines"
    bench.page.select_option("[data-viewer-field=blend]", "even")
    bench.page.fill("[data-viewer-field=threshold]", "40")
    bench.settle()
    expected = render(PIXELS, PAYLOAD.header, saliency=saliency(), blend="even", threshold=0.4)
    np.testing.assert_allclose(bench.read().astype(int), expected, atol=1)
    assert {"blend", "threshold"} <= set(bench.kinds())


def test_the_legend_is_there_whenever_a_map_is(browser: Browser, site: Site) -> None:
    with_map = open_bench(browser, site, PAYLOAD, saliency())
    press(with_map, "o")
    assert with_map.page.is_visible(".viewer__legend")
    with_map.context.close()
    without = open_bench(browser, site, PAYLOAD)
    assert not without.page.is_visible(".viewer__legend")
    assert not without.page.is_visible("[data-viewer-field=overlay]")


def test_colour_images_have_no_window(browser: Browser, site: Site) -> None:
    pixels = np.zeros((20, 20, 3), dtype=np.uint8)
    bench = open_bench(browser, site, image_payload(pixels, photometric="RGB"))
    assert not bench.page.is_visible("[data-viewer-field=preset]")
    drag(bench, 50, 50)
    assert "wl" not in bench.kinds()


def test_two_viewers_move_together_until_told_otherwise(browser: Browser, site: Site) -> None:
    bench = open_bench(browser, site, PAYLOAD, saliency(), saliency(), link="pair")
    bench.page.locator(".viewer__stage").first.focus()
    press(bench, "+", "+", "ArrowLeft", "i")
    assert bench.state(1)["view"] == bench.state(0)["view"]
    assert bench.state(1)["invert"] is True
    assert bench.state(0)["view"]["zoom"] > 1.5
    bench.page.locator("[data-viewer-field=link]").nth(1).uncheck()
    assert not bench.page.locator("[data-viewer-field=link]").first.is_checked()
    bench.page.locator(".viewer__stage").first.focus()
    press(bench, "+")
    assert bench.state(1)["view"]["zoom"] < bench.state(0)["view"]["zoom"]
    zooms = [event["viewer"] for event in bench.page.evaluate("window.seen") if event["kind"] == "zoom"]
    assert set(zooms) == {"A"}


def test_each_trial_starts_alike(bench: Bench) -> None:
    press(bench, "o", "]", "]", "i", "+")
    bench.page.evaluate("() => window.__viewerTest.viewer(0).load()")
    until(bench.page, "() => window.__viewerTest.state().opacity === 0.5")
    state = bench.state()
    assert (state["overlay"], state["invert"], state["view"]["zoom"], state["held"]) == (True, False, 1, False)


def test_a_lost_context_is_replaced_by_the_processor(bench: Bench) -> None:
    assert bench.environment()["backend"] == "webgl2"
    press(bench, "i")
    bench.page.evaluate(
        "() => window.__viewerTest.viewer(0).surface.backend.gl.getExtension('WEBGL_lose_context').loseContext()"
    )
    until(bench.page, "() => window.__viewerTest.environment().backend === 'canvas'")
    bench.settle()
    expected = render(PIXELS, PAYLOAD.header, invert=True, saliency=saliency())
    np.testing.assert_allclose(bench.read().astype(int), expected, atol=1)
    assert bench.screen().max() > 200
    events = bench.page.evaluate("window.seen")
    assert next(event for event in events if event["kind"] == "backend")["backend"] == "canvas"


@pytest.mark.parametrize("reply", [Reply(b"", 500), Reply(b"short")])
def test_a_broken_image_says_so_and_can_be_tried_again(bench: Bench, site: Site, reply: Reply) -> None:
    good = site.routes["/image"]
    site.routes["/next"] = reply
    bench.page.evaluate(
        "() => { document.querySelector('.viewer').dataset.imageUrl = '/next'; window.__viewerTest.viewer(0).load(); }"
    )
    until(bench.page, "() => document.querySelector('.viewer').dataset.state === 'failed'")
    assert "could not be loaded" in bench.page.inner_text(".viewer__message")
    site.routes["/next"] = good
    bench.page.click("[data-viewer-action=retry]")
    until(bench.page, "() => document.querySelector('.viewer').dataset.state === 'ready'")


def test_viewers_come_and_go_with_their_part_of_the_page(bench: Bench) -> None:
    bench.page.evaluate(
        "() => { const old = document.querySelector('.viewer'); const copy = old.cloneNode(true);"
        " delete copy.dataset.painted; old.replaceWith(copy); }"
    )
    until(bench.page, "() => document.querySelector('.viewer').dataset.painted")
    np.testing.assert_allclose(bench.read().astype(int), render(PIXELS, PAYLOAD.header, saliency=saliency()), atol=1)


@pytest.mark.parametrize("width", [320, 360, 768, 1600])
def test_controls_are_large_enough_and_nothing_sticks_out(browser: Browser, site: Site, width: int) -> None:
    bench = open_bench(browser, site, PAYLOAD, saliency(), size=(width, 800))
    assert bench.page.evaluate("() => document.documentElement.scrollWidth") <= width
    small = bench.page.evaluate(
        """() => [...document.querySelectorAll(".viewer button, .viewer input, .viewer select, .viewer__stage")]
        .filter((part) => part.checkVisibility()).map((part) => [part.outerHTML, part.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    )
    assert small == []


def test_every_control_has_a_name_and_nothing_names_more(bench: Bench) -> None:
    unnamed = bench.page.evaluate(
        """() => [...document.querySelectorAll(".viewer button, .viewer input, .viewer select")]
        .filter((part) => !(part.labels?.length || part.ariaLabel || part.textContent.trim()))
        .map((part) => part.outerHTML)"""
    )
    assert unnamed == []
    assert bench.page.get_attribute("canvas[role=img]", "aria-label") == "Medical image A"


def test_the_test_hook_is_absent_elsewhere(browser: Browser, site: Site, bench: Bench) -> None:
    page = site.routes["/bench"]
    assert isinstance(page, Reply)
    site.routes["/bench"] = Reply.page(page.body.decode().replace(" data-test", ""))
    bench.page.reload()
    until(bench.page, "() => document.querySelector('.viewer').dataset.painted")
    assert bench.page.evaluate("() => '__viewerTest' in window") is False
