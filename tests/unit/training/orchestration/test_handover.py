"""Large arrays lie in files once, whoever reads them: writable, private, checked, and gone when nobody needs them."""

import gc
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from duetmind_adaptive.training.orchestration import Output, create_orchestrator
from duetmind_adaptive.training.orchestration.handover import LARGE, Handover


def frame(rows: int = 200_000) -> pd.DataFrame:
    """Numbers, texts, categories and moments; 1.6 MB a column."""
    codes = np.arange(rows)
    return pd.DataFrame(
        {
            "a": codes / 7,
            "b": codes,
            "city": np.where(codes % 2, "Ulm", "Köln"),
            "kind": pd.Categorical(np.where(codes % 3, "x", "y")),
            "at": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(codes, unit="s"),
        }
    )


@pytest.fixture
def handover(tmp_path: Path) -> Handover:
    return Handover(tmp_path / "arrays")


def test_a_frame_comes_out_as_it_went_in_and_its_arrays_are_files(handover: Handover, tmp_path: Path) -> None:
    given = frame()
    packed = handover.dumps({"frame": given, "name": "rows"})
    assert len(packed) < LARGE
    assert sum(file.stat().st_size for file in (tmp_path / "arrays").iterdir()) > 5_000_000
    found = handover.loads(packed)
    assert found["name"] == "rows"
    pd.testing.assert_frame_equal(found["frame"], given)


def test_the_same_array_lies_there_once(handover: Handover, tmp_path: Path) -> None:
    array = np.arange(500_000)
    assert handover.dumps((array, 1))[:36] == handover.dumps((array, 2))[:36]
    assert len(list((tmp_path / "arrays").iterdir())) == 1


def test_what_a_reader_writes_stays_its_own(handover: Handover) -> None:
    packed = handover.dumps(np.zeros(500_000))
    mine, theirs = handover.loads(packed), handover.loads(packed)
    mine[7] = 1.0
    assert (mine[7], theirs[7], handover.loads(packed)[7], handover.whole(packed)) == (1.0, 0.0, 0.0, True)


def test_a_frame_can_be_changed_in_place(handover: Handover) -> None:
    found = handover.loads(handover.dumps(frame()))
    found.loc[3, "a"] = -1.0
    assert found["a"].iloc[3] == -1.0


def test_without_a_folder_everything_is_between_the_bytes() -> None:
    array = np.arange(500_000)
    packed = Handover().dumps(array)
    assert len(packed) > array.nbytes
    assert np.array_equal(Handover().loads(packed), array)


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"x" * 4_000_000)])
def test_a_file_that_is_gone_or_changed_is_noticed(handover: Handover, tmp_path: Path, damage: Any) -> None:
    packed = handover.dumps(np.zeros(500_000))
    assert handover.whole(packed)
    damage(next((tmp_path / "arrays").iterdir()))
    assert not handover.whole(packed)


def test_files_of_nothing_that_is_kept_are_swept(handover: Handover, tmp_path: Path) -> None:
    kept, _ = (handover.dumps(np.full(500_000, value)) for value in (1, 2))
    handover.sweep([kept])
    assert len(list((tmp_path / "arrays").iterdir())) == 1
    assert handover.whole(kept)


def test_a_read_only_array_and_one_that_is_not_contiguous_survive(handover: Handover) -> None:
    array = np.arange(1_000_000).reshape(1000, 1000)
    array.flags.writeable = False
    found = handover.loads(handover.dumps((array, array[:, ::2])))
    assert np.array_equal(found[0], array)
    assert np.array_equal(found[1], array[:, ::2])


def shared_kilobytes(values: pd.DataFrame, others: list[int]) -> tuple[float, int]:
    """The frame's sum, and the kilobytes of this process's maps of it that it does not hold alone."""
    total = float(values["a"].sum())
    private = 0
    inside = False
    for line in Path("/proc/self/smaps").read_text(encoding="ascii").splitlines():
        if "-" in line.split()[0] and not line.startswith(" ") and ":" not in line.split()[0]:
            inside = line.endswith(".buffer")
        elif inside and line.startswith(("Private_Dirty", "Anonymous")):
            private += int(line.split()[1])
    return total, private


def test_tasks_read_a_result_where_it_lies_and_copy_nothing_of_it(tmp_path: Path) -> None:
    orchestrator = create_orchestrator(folder=tmp_path)
    orchestrator.add_task("load", frame)
    for name in ("one", "two", "three"):
        orchestrator.add_task(name, shared_kilobytes, (Output("load"), []))
    results = orchestrator.run_workflow()
    assert {results[name] for name in ("one", "two", "three")} == {(float(frame()["a"].sum()), 0)}


def test_results_outlive_their_run_and_its_files_do_not_outlive_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    orchestrator = create_orchestrator()
    orchestrator.add_task("load", frame)
    results = orchestrator.run_workflow()
    folder = next(tmp_path.glob(f"duetmind-run-{os.getpid()}-*"))
    loaded = results["load"]
    del results, orchestrator
    gc.collect()
    assert not folder.exists()
    pd.testing.assert_frame_equal(loaded, frame())


def test_a_kept_result_whose_arrays_are_gone_is_made_again(tmp_path: Path) -> None:
    def run() -> int:
        orchestrator = create_orchestrator(folder=tmp_path)
        orchestrator.add_task("load", frame)
        results = orchestrator.run_workflow()
        pd.testing.assert_frame_equal(results["load"], frame())
        return "taken up" in results.tasks["load"].note

    assert not run()
    assert run()
    for file in (tmp_path / "arrays").iterdir():
        file.unlink()
    assert not run()
