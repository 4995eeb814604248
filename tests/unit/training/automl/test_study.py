"""A study keeps every finished trial, each once, whatever happens to its file's end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.errors import StudyError
from duetmind_adaptive.training.automl.study import Study, Trial, pack, read_study, study_path, unpack


def trial(number: int, **more: object) -> Trial:
    answers = np.full((7, 2), number / 10, dtype=np.float32)
    values = {"algorithm": "mlp", "params": {"width": 8}, "state": "complete", "score": 0.5, "answers": answers}
    return Trial(number=number, **{**values, **more})  # type: ignore[arg-type]


def test_what_was_added_is_there_after_reopening(tmp_path: Path) -> None:
    path = study_path(tmp_path, "loans")
    with Study(path) as study:
        study.add(trial(0))
        study.add(trial(1, state="failed", score=None, answers=None, reason="ran out of memory"))
    with Study(path) as again:
        assert [each.number for each in again.trials] == [0, 1]
        assert again.trials[1].reason == "ran out of memory"
        assert np.array_equal(np.asarray(again.trials[0].answers), np.zeros((7, 2), dtype=np.float32))
        assert again.next_number == 2


@given(cut=st.integers(1, 400))
def test_a_torn_last_line_costs_that_trial_only(cut: int) -> None:
    whole = b"".join(pack(trial(number)) for number in range(3))
    last = len(pack(trial(2)))
    torn = whole[: -min(cut, last)]
    kept, _ = unpack(torn[: torn.rfind(b"\n") + 1])
    assert [each.number for each in kept] == [0, 1]


def test_a_study_with_a_torn_line_goes_on_after_the_last_whole_one(tmp_path: Path) -> None:
    path = study_path(tmp_path, "loans")
    path.write_bytes(pack(trial(0)) + pack(trial(1))[:50])
    with Study(path) as study:
        assert study.next_number == 1
        study.add(trial(1, score=0.9))
    assert [(each.number, each.score) for each in read_study(path)] == [(0, 0.5), (1, 0.9)]


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_damaged_byte_is_noticed_and_costs_at_most_its_line(at: int, flip: int) -> None:
    content = bytearray(b"".join(pack(trial(number)) for number in range(4)))
    content[at % len(content)] ^= flip
    kept, damaged = unpack(bytes(content))
    assert len(kept) >= 2
    assert len(kept) + damaged >= 3
    assert all(each.score == 0.5 and each.params == {"width": 8} for each in kept)


def test_a_trial_that_was_written_twice_counts_once() -> None:
    kept, damaged = unpack(pack(trial(0)) + pack(trial(0)) + pack(trial(1)))
    assert ([each.number for each in kept], damaged) == ([0, 1], 0)


def test_a_study_is_open_in_one_search_at_a_time(tmp_path: Path) -> None:
    path = study_path(tmp_path, "loans")
    with Study(path), pytest.raises(StudyError, match=r"is open in another search; wait for it or use another name"):
        Study(path)
    Study(path).close()


@pytest.mark.parametrize("name", ["../evil", "", ".hidden", "a/b", "x" * 200, "nul\0"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be a file's"):
        study_path(tmp_path, name)


def test_without_a_path_a_study_lasts_as_long_as_its_object() -> None:
    with Study() as study:
        study.add(trial(0))
        assert study.next_number == 1
