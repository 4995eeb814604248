from pathlib import Path

import pytest

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.document import read_document


def refusal(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "c.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        read_document(path)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("a: 1\nb:\n  - x\n  - c: 2\n")
    document = read_document(path)
    assert document.data == {"a": 1, "b": ["x", {"c": 2}]}
    assert document.where(("b", 1, "c")) == f"{path}:4"
    assert document.where(("b", 1, "missing")) == f"{path}:4"
    assert document.where(("missing",)) == str(path)


def test_merge_keys_and_aliases_work_and_own_keys_win(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("base: &base {x: 1, y: 2}\none: &one\n  <<: *base\n  y: 3\ntwo: *one\n")
    assert read_document(path).data["one"] == read_document(path).data["two"] == {"x": 1, "y": 3}


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file; 'duetmind init DIR' writes one"):
        read_document(tmp_path / "none.yaml")


def test_a_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_document(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "c.yaml: the file is empty; 'duetmind init DIR' writes one to start from"),
        ("# only a comment\n", "c.yaml: the file is empty; 'duetmind init DIR' writes one to start from"),
        ("- a\n- b\n", "c.yaml:1: found a list, allowed: a mapping of sections"),
        ("just text\n", "c.yaml:1: found a single value, allowed: a mapping of sections"),
        ("http:\n\tport: 1\n", "c.yaml:2: indented with a tab; YAML allows only spaces"),
        ("http: {port: 1\n", "c.yaml:2: not YAML: "),
        ("a: b: c\n", "c.yaml:1: not YAML: "),
        ("a: *nothing\n", "c.yaml:1: not YAML: "),
        ("a: 1\n---\nb: 2\n", "c.yaml:2: not YAML: "),
        (b"a: \x00\n", "c.yaml: not YAML: "),
        (b"a: \xff\n", "c.yaml: not UTF-8 text (byte 3)"),
        ("a: 1\nb: 2\na: 3\n", "c.yaml:3: the key 'a' is already given in line 1"),
        ("models:\n  1: {}\n", "c.yaml:2: the key 1 is not text; put it in quotes"),
        ("yes: 1\n", "c.yaml:1: the key yes is not text; put it in quotes"),
        ("? [a]\n: 1\n", "c.yaml:1: the key a list is not text; put it in quotes"),
        ("a: 2026-13-45\n", "c.yaml:1: cannot read '2026-13-45': month must be in 1..12"),
        ("a: !!python/object/apply:os.system [ls]\n", "c.yaml:1: the tag tag:yaml.org,2002:python/object/apply:os.sys"),
        ("a: !mine 1\n", "c.yaml:1: not YAML: could not determine a constructor for the tag '!mine'"),
        ("a: &a [*a]\n", "c.yaml:1: an alias contains itself"),
        ("a: &a {b: *a}\n", "c.yaml:1: an alias contains itself"),
    ],
)
def test_what_is_no_config_is_one_sentence(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    assert refusal(tmp_path, content).startswith(sentence)


def test_a_document_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "unfolds to more than 500,000 values" in refusal(tmp_path, "\n".join(lines))


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in refusal(tmp_path, "a: " + "[" * 900 + "]" * 900)
