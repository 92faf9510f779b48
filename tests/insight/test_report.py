"""The report: complete, bounded, safe with hostile text, and silent about thresholds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.errors import SourceError
from zhenzan.insight import write_report
from zhenzan.insight.limits import ITEM_CARDS_MAX, TABLE_ROWS_MAX

Writer = Callable[..., Path]
HOSTILE = (
    '</script><script>alert({})</script><img src=x onerror="x">'
    "\"'&\u202egnp.\u0000 مرحبا 🧋👩\u200d👩\u200d👧 {{{{7*7}}}}"
)
BYTES_MAX = 1_500_000
VOID = {"meta", "input", "br", "img", "link", "hr"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(folder: Path) -> str:
    return write_report(folder).read_text(encoding="utf-8")


def test_report_is_one_well_formed_page_that_loads_nothing(
    tmp_path: Path, write_outputs: Writer
) -> None:
    text = read(write_outputs(tmp_path))
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    for _tag, attributes in page.tags:
        assert not set(attributes) & {"src", "srcset", "style", "action"}
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    for tag, attributes in page.tags:
        if tag in ("a", "use"):
            assert (attributes["href"] or "")[1:] in page.ids
    assert "http" not in text.replace("http-equiv", "")
    assert len(text.encode()) < BYTES_MAX


def test_policy_allows_the_two_texts_of_the_page_and_nothing_else(
    tmp_path: Path, write_outputs: Writer
) -> None:
    text = read(write_outputs(tmp_path))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    assert allowed.startswith("default-src 'none'")
    assert "unsafe" not in allowed
    for tag in ("style", "script"):
        body = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        assert len(body) == 1
        digest = hashlib.sha256(body[0].encode()).digest()
        import base64

        assert f"'sha256-{base64.b64encode(digest).decode()}'" in allowed


def test_report_leads_with_the_sentence_in_both_languages(
    tmp_path: Path, write_outputs: Writer
) -> None:
    text = read(write_outputs(tmp_path))
    likes = pq.read_table(tmp_path / "likes.parquet")["count_state"].to_pylist()
    claimed, counted = len(likes), likes.count("counted")
    assert f"{counted:,} of {claimed:,} likes claimed are counted" in text
    assert f"标称点赞 {claimed:,} 个，计入 {counted:,} 个" in text


def test_no_threshold_is_written_into_the_report(tmp_path: Path, write_outputs: Writer) -> None:
    # Design rule 8, T16: the settings of the run hold 0.9137 and 0.5111.
    text = read(write_outputs(tmp_path))
    for hidden in ("0.9137", "0.914", "91.4", "0.5111", "0.511", "51.1", "excluded_score_min"):
        assert hidden not in text
    assert "lateness_s" in text


@pytest.mark.parametrize(
    "shape",
    [
        {"items": 0, "rejects": 0},
        {"attacked": 0},
        {"items": 1, "likes_each": 1, "attacked": 0, "seed": 5},
        {"items": 1, "attacked": 1},
        {"hours": 24 * 500, "items": 5},
    ],
)
def test_every_shape_of_log_gives_a_page(
    tmp_path: Path, write_outputs: Writer, shape: dict[str, int]
) -> None:
    Page(read(write_outputs(tmp_path, **shape)))


def test_a_log_without_likes_says_so_and_names_the_next_step(
    tmp_path: Path, write_outputs: Writer
) -> None:
    text = read(write_outputs(tmp_path, items=0, rejects=0))
    assert "This log holds no likes." in text
    assert "Check the mapping" in text
    assert "日志中没有点赞。" in text
    assert "Every row was read." in text


@pytest.mark.parametrize("names", [HOSTILE, "x" * 5_000 + "{}", "https://evil.example/{}"])
def test_hostile_ids_are_shown_and_never_run(
    tmp_path: Path, write_outputs: Writer, names: str
) -> None:
    text = read(write_outputs(tmp_path, names=names))
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "img" not in {tag for tag, _ in page.tags}
    assert "\u202e" not in text
    assert "\x00" not in text
    assert "alert(0)</script>" not in text
    assert len(text.encode()) < BYTES_MAX


def test_the_report_is_the_same_when_written_twice(tmp_path: Path, write_outputs: Writer) -> None:
    folder = write_outputs(tmp_path)
    assert read(folder) == read(folder)


def test_the_report_changes_no_other_file(tmp_path: Path, write_outputs: Writer) -> None:
    folder = write_outputs(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_report(folder)
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".html"}
    assert after == before


def test_tables_and_cards_stay_within_their_limits(tmp_path: Path, write_outputs: Writer) -> None:
    text = read(write_outputs(tmp_path, items=400, likes_each=20, attacked=30))
    assert text.count('<details class="card item"') == 2 * ITEM_CARDS_MAX
    table = text.split('id="en-items-table"')[1].split("</table>")[0]
    assert table.count("<tr>") == TABLE_ROWS_MAX + 1


def test_missing_optional_files_leave_empty_sections(tmp_path: Path, write_outputs: Writer) -> None:
    folder = write_outputs(tmp_path)
    for name in ("accounts", "merchants", "timeline", "rejects"):
        (folder / f"{name}.parquet").unlink()
    (folder / "summary.json").unlink()
    text = read(folder)
    Page(text)
    assert "The log names no merchants" in text
    assert 'class="fill-counted" d="M' in text


def test_a_missing_folder_or_file_is_named(tmp_path: Path, write_outputs: Writer) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        write_report(tmp_path / "nowhere")
    folder = write_outputs(tmp_path / "out")
    (folder / "items.parquet").unlink()
    with pytest.raises(SourceError, match=r"no `items\.parquet`"):
        write_report(folder)
    (folder / "items.parquet").write_text("not parquet")
    with pytest.raises(SourceError, match="not a Parquet file"):
        write_report(folder)


def test_null_items_merchants_and_reasons_are_no_obstacle(
    tmp_path: Path, write_outputs: Writer
) -> None:
    folder = write_outputs(tmp_path)
    likes = pq.read_table(folder / "likes.parquet")
    for name in ("merchant_id", "category", "reasons"):
        place = likes.column_names.index(name)
        kind = likes.schema.field(name).type
        likes = likes.set_column(place, name, pa.nulls(likes.num_rows, kind))
    pq.write_table(likes, folder / "likes.parquet")
    items = pq.read_table(folder / "items.parquet").drop_columns(
        ["views", "favorites", "carts", "purchases", "comments", "refunds", "authentic_engagement"]
    )
    for name in ("merchant_id", "category"):
        place = items.column_names.index(name)
        items = items.set_column(place, name, pa.nulls(items.num_rows, pa.string()))
    pq.write_table(items, folder / "items.parquet")
    Page(read(folder))
