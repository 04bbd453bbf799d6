"""A page with one viewer or two, fed with payloads a test makes up."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.template import Context, Engine
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from portal.display import ImagePayload
from tests.browser.conftest import Reply, Site, until

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
ENGINE = Engine(dirs=[str(TEMPLATES)], libraries={"i18n": "django.templatetags.i18n"})
PAGE = """<!doctype html><html lang="en" data-test><head><meta charset="utf-8"><title>Bench</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/portal/css/viewer.css">
{styles}<link rel="stylesheet" href="/bench.css"></head>
<body class="reading"><main>{body}</main><script type="module" src="/bench.js"></script>
<script type="module" src="/static/portal/viewer/start.js"></script></body></html>"""
STYLE = "body{margin:0;background:#101214;font:16px/1.4 'DejaVu Sans',sans-serif}main{padding:16px}"
STYLE += ".pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}"
NOTE = """window.seen = []; document.addEventListener("viewer:event", (e) => window.seen.push(e.detail));
document.addEventListener("viewer:error", (e) => window.seen.push({kind: "error", ...e.detail}));"""

TEXT = """const text = (bytes) => { let result = "";
for (let i = 0; i < bytes.length; i += 32768) result += String.fromCharCode(...bytes.subarray(i, i + 32768));
return btoa(result); };"""
READ = f"""(index) => {{ {TEXT} const read = window.__viewerTest.readPixels(index);
return [read.height, read.width, text(Uint8Array.from(read.data))]; }}"""
SCREEN = f"""(index) => {{ {TEXT} const viewer = window.__viewerTest.viewer(index); viewer.paint();
const canvas = viewer.surface.canvas; const copy = document.createElement("canvas");
copy.width = canvas.width; copy.height = canvas.height; const context = copy.getContext("2d");
context.drawImage(canvas, 0, 0);
return [copy.height, copy.width, text(context.getImageData(0, 0, copy.width, copy.height).data)]; }}"""


@dataclass
class Bench:
    """An open page, and how to look at it."""

    page: Page
    context: BrowserContext

    def read(self, index: int = 0) -> NDArray[np.uint8]:
        """What the viewer shows of the whole image, (rows, columns, 3)."""
        height, width, text = self.page.evaluate(READ, index)
        return np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(height, width, 3)

    def screen(self, index: int = 0) -> NDArray[np.uint8]:
        """The canvas as it is on the screen, in device pixels."""
        height, width, text = self.page.evaluate(SCREEN, index)
        return np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(height, width, 4)[..., :3]

    def state(self, index: int = 0) -> dict[str, Any]:
        result: dict[str, Any] = self.page.evaluate("(i) => window.__viewerTest.state(i)", index)
        return result

    def environment(self, index: int = 0) -> dict[str, Any]:
        result: dict[str, Any] = self.page.evaluate("(i) => window.__viewerTest.environment(i)", index)
        return result

    def kinds(self) -> list[str]:
        """The kinds of events so far, after those that are held back have come."""
        self.page.wait_for_timeout(80)
        return [str(event["kind"]) for event in self.page.evaluate("window.seen")]

    def settle(self) -> None:
        """Let two frames be drawn."""
        self.page.evaluate("() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def set(self, changes: dict[str, Any], index: int = 0) -> None:
        script = "([i, changes]) => window.__viewerTest.viewer(i).set(changes, '')"
        self.page.evaluate(script, [index, changes])


def open_bench(
    browser: Browser,
    site: Site,
    payload: ImagePayload,
    *maps: NDArray[np.uint8],
    size: tuple[int, int] = (1280, 900),
    ratio: float = 1,
    touch: bool = False,
    bypass: bool = False,
    beside: str = "",
    **options: object,
) -> Bench:
    """Serve the image once, each map to a viewer of its own, wait until all are drawn; `beside` stands after them."""
    site.routes["/image"] = Reply(payload.body)
    site.routes["/header"] = Reply.json(payload.header.as_dict())
    site.routes["/bench.css"] = Reply(STYLE.encode(), type="text/css")
    site.routes["/bench.js"] = Reply(NOTE.encode(), type="text/javascript")
    parts = []
    for index, name in enumerate("AB"[: max(1, len(maps))]):
        values = {"image_url": "/image", "header_url": "/header", "name": name, **options}
        if maps:
            site.routes[f"/map{index}"] = Reply(maps[index].tobytes())
            values["map_url"] = f"/map{index}"
        parts.append(ENGINE.get_template("portal/viewer.html").render(Context(values)))
    body = f'<div class="{"pair" if len(parts) > 1 else "single"}">{"".join(parts)}</div>'
    if beside:
        body = f'<div class="trial"><div class="sight">{body}</div><form class="answer">{beside}</form></div>'
    sheets = ("base", "regions", "reading") if beside else ()
    styles = "".join(f'<link rel="stylesheet" href="/static/portal/css/{name}.css">' for name in sheets)
    site.routes["/bench"] = Reply.page(PAGE.format(body=body, styles=styles))
    width, height = size
    context = browser.new_context(
        viewport=ViewportSize(width=width, height=height), device_scale_factor=ratio, has_touch=touch, bypass_csp=bypass
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{site.url}/bench")
    until(
        page, "() => window.__viewerTest && [...document.querySelectorAll('.viewer')].every((v) => v.dataset.painted)"
    )
    assert not problems, json.dumps(problems)
    return Bench(page, context)
