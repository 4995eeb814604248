"""`duetmind compare`: exit status 0 for calm, 1 for drift, 2 and one sentence for what cannot be compared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

GOOD = "x,y\n" + "".join(f"{row % 13},{row % 3}\n" for row in range(300))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    for name, shift in (("a", 0.0), ("calm", 0.0), ("moved", 0.5)):
        columns = {"x": random.standard_normal(1_000) + shift, "job": random.choice(["clerk", "nurse"], 1_000)}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    (tmp_path / "good.csv").write_text(GOOD)
    return tmp_path


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "duetmind_adaptive", "compare", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_process_says_by_its_status_whether_the_data_moved(files: Path) -> None:
    calm = process(files / "a.parquet", files / "calm.parquet")
    assert (calm.returncode, calm.stderr) == (0, "")
    assert calm.stdout.startswith("No drift: none of 2 tested columns moved.\n")
    moved = process(files / "a.parquet", files / "moved.parquet", "--json", "--html", files / "out.html")
    assert (moved.returncode, moved.stderr) == (1, "")
    assert json.loads(moved.stdout)["columns"]["x"]["drift"] is True
    assert (files / "out.html").read_text().startswith("<!doctype html>")
    bad = process(files / "a.parquet", files / "nowhere.parquet")
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)


def test_the_table_is_sorted_by_effect_and_plain_in_a_pipe(duetmind, files: Path) -> None:
    outcome = duetmind("compare", files / "a.parquet", files / "moved.parquet")
    lines = outcome.out.splitlines()
    assert outcome.status == 1
    assert lines[0].startswith("Drift, high: 1 of 2 tested columns moved; most of all x.")
    assert lines[1].split() == ["COLUMN", "KIND", "EFFECT", "IN", "WORDS", "ADJUSTED", "P", "VERDICT"]
    assert lines[2].startswith("x ")
    assert "mean up 0.5" in lines[2]
    assert "\x1b" not in outcome.out


def test_globs_and_folders_are_read_as_one(duetmind, tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    for day in range(3):
        (tmp_path / "days" / f"{day}.csv").write_text(GOOD)
    (tmp_path / "all.csv").write_text(GOOD)
    for current in (tmp_path / "days", tmp_path / "days" / "*.csv"):
        outcome = duetmind("compare", tmp_path / "all.csv", current, "--json")
        assert (outcome.status, outcome.json["rows"]) == (0, {"reference": 300, "current": 900})


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", b"", "is empty; give a file with a header and rows"),
        ("empty.parquet", b"", "has no Parquet footer"),
        ("header.csv", b"x,y\n", "has a header only, no rows"),
        ("one.csv", b"x,y\n1,2\n", "has one row only"),
        ("other.csv", b"p,q\n1,2\n3,4\n", "have no column in common"),
        ("cut.parquet", b"PAR1" + bytes(200), "has no Parquet footer"),
        ("text.parquet", GOOD.encode(), "is no Parquet file"),
        ("noise.csv", bytes(range(256)) * 9, "is binary, not CSV text"),
        ("colon.csv", b"x:y\n1:2\n3:4\n", "has no delimiter among comma, semicolon, tab and |"),
        ("space.csv", b"x y\n1 2\n3 4\n", "has no delimiter among comma, semicolon, tab and |"),
        ("latin.csv", "x,naïve\n1,2\n3,4\n".encode("latin-1"), "is not UTF-8"),
        ("wide.csv", GOOD.encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        ("unmarked.csv", GOOD.encode("utf-16-le"), "is UTF-16 text; save it as UTF-8"),
        ("wider.csv", GOOD.encode("utf-32"), "is UTF-32 text; save it as UTF-8"),
        ("zero.csv", GOOD.replace("12,0", "1\0,0").encode(), "holds a zero byte after b'"),
        ("mac.csv", GOOD.replace("\n", "\r").encode(), "its lines end in carriage returns alone"),
        ("values.csv", b"7,7\n1,2\n3,4\n", "write a header with names as its first line"),
        ("twice.csv", b"x,x\n1,2\n3,4\n", "has more than one column named 'x'"),
        ("ragged.csv", b"x,y\n1,2\n3,4,5\n", "row 1 has 3 values where the header has 2 columns"),
        ("broken.csv.gz", b"\x1f\x8b\x08\x00cut", "gzip"),
    ],
)
@pytest.mark.parametrize("side", ["reference", "current"])
def test_a_file_that_cannot_be_used_gets_one_sentence_that_names_it(
    fails, files: Path, *, side: str, name: str, content: bytes, sentence: str
) -> None:
    bad = files / name
    bad.write_bytes(content)
    pair = [bad, files / "good.csv"] if side == "reference" else [files / "good.csv", bad]
    line = fails("compare", *pair, "--html", files / "out.html")
    assert sentence in line
    assert str(bad) in line
    assert not (files / "out.html").exists()


def test_a_truncated_parquet_file_is_refused(fails, files: Path) -> None:
    whole = (files / "a.parquet").read_bytes()
    (files / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    assert "was cut off" in fails("compare", files / "cut.parquet", files / "calm.parquet")


def test_damaged_values_in_a_parquet_file_are_refused(fails, files: Path) -> None:
    whole = bytearray((files / "a.parquet").read_bytes())
    whole[4:60] = bytes(56)
    (files / "hurt.parquet").write_bytes(whole)
    assert "damaged" in fails("compare", files / "hurt.parquet", files / "calm.parquet")


def test_a_folder_without_data_files_is_refused(fails, files: Path) -> None:
    (files / "folder").mkdir()
    (files / "folder" / "readme.txt").write_text("nothing")
    assert str(files / "folder") in fails("compare", files / "folder", files / "good.csv")


def test_a_target_that_is_not_there_is_refused(fails, files: Path) -> None:
    line = fails("compare", files / "a.parquet", files / "calm.parquet", "--target", "price")
    assert "has no column 'price', which --target names; its columns are 'x', 'job'" in line


def test_a_report_that_cannot_be_written_is_refused_before_the_work(fails, files: Path) -> None:
    line = fails("compare", files / "a.parquet", files / "calm.parquet", "--html", files / "no" / "out.html")
    assert "its folder does not exist" in line


def test_hostile_names_reach_no_terminal(duetmind, tmp_path: Path) -> None:
    for name, factor in (("a", 1), ("b", 2)):
        rows = "".join(f"{row * factor},v\x1b[31m{row % 3}\n" for row in range(100))
        (tmp_path / f"{name}.csv").write_text(f'"x\x1b[2J","two\nlines"\n{rows}')
    outcome = duetmind("compare", tmp_path / "a.csv", tmp_path / "b.csv")
    assert outcome.status == 1
    assert "\x1b" not in outcome.out
    assert r"x\x1b[2J" in outcome.out
    assert r"two\nlines" in outcome.out
