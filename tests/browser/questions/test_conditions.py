"""Conditions in the page hold as the table says that the server is held to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Reply, Site

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[3]
TABLE = json.loads((ROOT / "tests/studies/tasks/conditions.json").read_text(encoding="utf-8"))
SCRIPT = """async (table) => {
  const { holds } = await import("/conditions.js");
  const wrong = table.holds.filter(([text, expected]) => holds(text, table.answers) !== expected).map(([text]) => text);
  const taken = table.refused.filter((text) => {
    try {
      holds(text, table.answers);
      return true;
    } catch {
      return false;
    }
  });
  return [wrong, taken];
}"""


def test_the_page_holds_to_the_servers_table(site: Site, webgl_browser: Browser) -> None:
    script = (ROOT / "studies/static/studies/conditions.js").read_bytes()
    site.routes["/conditions.js"] = Reply(script, type="text/javascript")
    site.routes["/"] = Reply.page("<title>Conditions</title>")
    page = webgl_browser.new_page()
    page.goto(f"{site.url}/")
    wrong, taken = page.evaluate(SCRIPT, TABLE)
    page.close()
    assert (wrong, taken) == ([], [])
    assert len(TABLE["holds"]) > 60
