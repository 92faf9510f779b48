"""The report in a real browser: quiet, two languages, phone, keyboard, offline, no script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
LANGUAGES = ["en", "zh"]

CONTRAST = """(root) => {
  const light = (c) => c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  const lum = (c) => { const [r, g, b] = light(c); return .2126 * r + .7152 * g + .0722 * b; };
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const back = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = rgb(getComputedStyle(n).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const node of document.querySelectorAll(root + " *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const a = lum(rgb(style.color).slice(0, 3)), b = lum(back(node));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push([node.className, node.textContent.slice(0, 30), ratio]);
  }
  return low.slice(0, 5);
}"""


@contextmanager
def opened(
    chromium: Any, report: Path, *, language: str | None = "en", **options: Any
) -> Iterator[Any]:
    """Open the report without a network; any message of the console fails the test."""
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    context.set_offline(True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri() + (f"#{language}" if language else ""))
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith("file:")] == []
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_opens_offline_and_shows_one_language(
    chromium: Any, report: Path, language: str
) -> None:
    other = "zh" if language == "en" else "en"
    with opened(chromium, report, language=language) as page:
        assert page.locator(f"#{language}").is_visible()
        assert not page.locator(f"#{other}").is_visible()
        assert page.locator("h1:visible").count() == 1
        assert page.evaluate("document.documentElement.lang") == ("zh-Hans", "en")[other == "zh"]


def test_language_switch_by_keyboard_is_kept_in_the_address(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        page.locator("#en .languages a[lang=zh-Hans]").focus()
        page.keyboard.press("Enter")
        assert page.locator("#zh").is_visible()
        assert page.url.endswith("#zh")
        assert page.title().startswith("真赞")
        page.locator("#zh .contents a").nth(4).click()
        assert page.url.endswith("#zh-accounts")
        page.reload()
        assert page.locator("#zh").is_visible()
        assert not page.locator("#en").is_visible()


def test_language_follows_the_browser_where_the_address_says_nothing(
    chromium: Any, report: Path
) -> None:
    with opened(chromium, report, language=None, locale="zh-CN") as page:
        assert page.locator("#zh").is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_never_scrolls_sideways(
    chromium: Any, report: Path, language: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    with opened(chromium, report, language=language, viewport=size) as page:
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # The same with every text 40 % longer, as another language might be.
        page.evaluate(
            """() => {
               const named = "h1, h2, h3, p, dt, dd, li, th, figcaption, .claim, .tag, .meta";
               for (const n of document.querySelectorAll(named)) {
                 const t = n.lastChild;
                 if (t && t.nodeType === 3) {
                   t.data += " " + t.data.slice(0, Math.ceil(.4 * t.data.length));
                 } } }"""
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_tables_sort_by_keyboard_and_say_so(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        head = page.locator("#en-items-table thead th").nth(1)
        for direction in ("descending", "ascending"):
            head.locator("button").focus()
            page.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == direction
            values = page.eval_on_selector_all(
                "#en-items-table tbody tr", "rows => rows.map(r => +r.cells[1].dataset.value)"
            )
            assert values == sorted(values, reverse=direction == "descending")


def test_filter_hides_rows_and_announces_what_is_left(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        box = page.locator("#en-items .tools input")
        box.fill("item-39-")
        assert page.locator("#en-items-table tbody tr:visible").count() == 1
        assert page.locator("#en-items .tools output").text_content() == "1 rows match"
        box.fill("no such thing")
        assert "Nothing matches" in page.locator("#en-items .tools output").text_content()


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_reads_without_script(chromium: Any, report: Path, language: str) -> None:
    options = {"java_script_enabled": False}
    with opened(chromium, report, language=language, **options) as page:
        assert page.locator(f"#{language} h1").is_visible()
        assert page.locator("h1:visible").count() == 1
        assert page.locator(f"#{language}-items-table").is_visible()
        assert not page.locator(f"#{language}-items .tools").is_visible()
        other = "zh" if language == "en" else "en"
        page.locator(f"#{language} .languages a").nth(LANGUAGES.index(other)).click()
        assert page.locator(f"#{other} h1").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_enough(chromium: Any, report: Path, scheme: str) -> None:
    with opened(chromium, report, color_scheme=scheme) as page:
        assert page.evaluate(CONTRAST, "#en") == []


def test_pictures_are_drawn(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        pictures = (".plot .fill-counted", ".raster use", ".steps .own")
        groups = (".group .raster use", ".matrix use", ".graph use")
        for picture in (*pictures, *groups):
            box = page.locator(f"#en {picture}").first.bounding_box()
            assert box is not None
            assert box["height"] > 5
            assert box["width"] > 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_row_of_the_table_of_groups_leads_to_its_card_and_opens_it(
    chromium: Any, report: Path, language: str
) -> None:
    with opened(chromium, report, language=language) as page:
        card = page.locator(f"#{language}-group-2")
        assert card.get_attribute("open") is None
        page.locator(f"#{language}-group-list-table tbody a").nth(1).click()
        assert page.url.endswith(f"#{language}-group-2")
        assert card.locator(".claim").is_visible()
        assert card.locator(".raster").is_visible()


def test_benign_lockstep_is_told_apart_without_colour(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        edges = page.eval_on_selector_all(
            "#en .tag", "tags => tags.map((t) => [t.className, getComputedStyle(t).borderTopStyle])"
        )
        assert {tuple(edge) for edge in edges} == {("tag", "solid"), ("tag benign", "dashed")}


@pytest.mark.parametrize("width", [390, 1280])
def test_pictures_of_a_group_stay_inside_their_card(
    chromium: Any, report: Path, width: int
) -> None:
    with opened(chromium, report, viewport={"width": width, "height": 800}) as page:
        page.evaluate("document.querySelectorAll('.group').forEach((d) => { d.open = true; })")
        out = page.evaluate(
            """() => [...document.querySelectorAll("#en .group")].flatMap((card) => {
                 const edge = card.getBoundingClientRect();
                 return [...card.querySelectorAll("svg, dl, table")].filter((n) => {
                   const b = n.getBoundingClientRect();
                   return b.width && (b.left < edge.left || b.right > edge.right + 0.5);
                 }).map((n) => n.className.baseVal || n.tagName);
               })"""
        )
        assert out == []


def test_print_shows_every_item_card(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.locator("#en details.item:not([open])").count() == 0
        assert not page.locator("#en .languages").is_visible()
