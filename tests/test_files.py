from __future__ import annotations

from pathlib import Path

import pytest

from zhenzan.files import outputs_replaced, whole_file, whole_folder


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_new_outputs_replace_those_of_the_same_name(tmp_path):
    (tmp_path / "likes").write_text("old")
    with outputs_replaced(tmp_path, kept="rejects") as folder:
        (folder / "likes").write_text("new")
        assert (tmp_path / "likes").read_text() == "old"
    assert (tmp_path / "likes").read_text() == "new"
    assert names(tmp_path) == ["likes"]


def test_a_failure_leaves_the_earlier_outputs_and_what_explains_it(tmp_path):
    (tmp_path / "likes").write_text("old")
    (tmp_path / "rejects").write_text("old")
    with pytest.raises(OSError, match="full"), outputs_replaced(tmp_path, kept="rejects") as folder:
        (folder / "likes").write_text("half")
        (folder / "rejects").write_text("why")
        raise OSError("full")
    assert (tmp_path / "likes").read_text() == (tmp_path / "rejects").read_text() == "old"
    assert names(tmp_path) == ["likes", "rejects", "unfinished/rejects"]
    with outputs_replaced(tmp_path, kept="rejects") as folder:
        assert not any(folder.iterdir())


def test_a_first_failure_leaves_what_explains_it_in_the_folder_itself(tmp_path):
    with pytest.raises(OSError, match="full"), outputs_replaced(tmp_path, kept="rejects") as folder:
        (folder / "likes").write_text("half")
        (folder / "rejects").write_text("why")
        raise OSError("full")
    assert names(tmp_path) == ["rejects"]


def test_a_failure_with_nothing_to_explain_it_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="bad"), outputs_replaced(tmp_path, kept="rejects"):
        raise ValueError("bad")
    assert not any(tmp_path.iterdir())


def test_a_file_takes_its_place_only_when_whole(tmp_path):
    path = tmp_path / "state"
    path.write_text("old")
    with pytest.raises(ValueError, match="bad"), whole_file(path) as unfinished:
        unfinished.write_text("half")
        raise ValueError("bad")
    assert path.read_text() == "old"
    with whole_file(path) as unfinished:
        unfinished.write_text("new")
    assert path.read_text() == "new"


def test_a_folder_takes_its_place_only_when_whole(tmp_path):
    place = tmp_path / "window"
    with pytest.raises(ValueError, match="bad"), whole_folder(place) as folder:
        (folder / "a").write_text("half")
        raise ValueError("bad")
    assert not place.exists()
    with whole_folder(place) as folder:
        (folder / "a").write_text("new")
    assert names(tmp_path) == ["window/a"]
