"""The documentation says what is true: commands, events, rooms, settings, metrics and logs are those of the code."""

from __future__ import annotations

import ast
import re
import sqlite3
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from standardwebhooks.webhooks import Webhook
from typer.core import TyperGroup

from duetmind_adaptive import errors, events
from duetmind_adaptive.cli import app
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.settings.alerts import ChannelSettings
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Config, ModelSettings
from duetmind_adaptive.store.database import open_store
from duetmind_handlers.alerts.email_options import EmailOptions
from duetmind_handlers.alerts.options import Options
from duetmind_handlers.alerts.slack import SlackOptions
from duetmind_handlers.alerts.webhook import WebhookOptions

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "daemon" / "duetmind_adaptive"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text()

#: the wire names that programs outside rely on, as the contract lists them
CONTRACT_EVENTS = {
    f"{subject}.{turn}"
    for subject, turns in {
        "check": ("completed", "failed"),
        "drift": ("detected", "updated", "resolved"),
        "retrain": ("requested", "started", "succeeded", "failed", "suppressed"),
        "model": ("promoted", "rejected", "rolled_back"),
        "review": ("requested", "approved", "rejected", "expired"),
        "threshold": ("adjusted",),
        "resources": ("scaled",),
        "job": ("started", "progressed", "succeeded", "failed", "cancelled"),
        "alert": ("delivered", "failed", "suppressed"),
    }.items()
    for turn in turns
}


def page(name: str) -> str:
    """The text of a page below `docs/`."""
    return (ROOT / "docs" / name).read_text()


def code_blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def mentions(text: str, word: str) -> bool:
    """Whether a page names `word` as a word of its own."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


# ---------------------------------------------------------------- commands


def command_lines() -> list[tuple[str, tuple[str, ...]]]:
    """Every `duetmind …` that a page tells people to type, with the page's name."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for path in PAGES:
        text = path.read_text()
        shown = [line for block in code_blocks(text, "console") for line in block.splitlines()]
        lines = [*shown, *re.findall(r"`([^`\n]+)`", text)]
        matches = [re.match(r"(?:\$ )?(?:\S*/)?duetmind ([a-z][^#`]*)", line) for line in lines]
        found += [(path.name, tuple(match.group(1).split())) for match in matches if match]
    return found


def resolve(words: tuple[str, ...]) -> Any:
    """The command that the first words name, or None."""
    command: Any = app.root()
    for word in words:
        if not isinstance(command, TyperGroup):
            break
        command = command.commands.get(word)
        if command is None:
            return None
    return command


@pytest.mark.parametrize(("name", "words"), sorted({*command_lines()}), ids=str)
def test_every_command_that_a_page_shows_exists(name: str, words: tuple[str, ...]) -> None:
    if name == "promises.md":  # tells of commands that are still to come
        return
    assert resolve(words) is not None, f"{name}: duetmind {' '.join(words)}"


def test_every_make_target_that_a_page_shows_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for path in PAGES:
        text = path.read_text()
        shown = re.findall(r"(?:\$ |`)make ([a-z-]+)", text)
        assert set(shown) <= targets, path.name


def test_readme_opens_with_the_two_commands_and_a_config_of_ten_lines(tmp_path: Path) -> None:
    commands = code_blocks(README, "console")[0]
    assert [line.split("#")[0].strip() for line in commands.splitlines()] == ["$ make demo", "$ make test"]
    config = code_blocks(README, "yaml")[0]
    assert len(config.splitlines()) <= 10
    assert README.index(commands) < README.index(config)
    path = tmp_path / "duetmind.yaml"
    path.write_text(config.replace("https://…", "https://example.com/hook"))
    assert load_config(path, {}).warnings == ()


def test_links_between_pages_lead_somewhere() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_bundled_data_is_cited_with_its_licence() -> None:
    licence = (PACKAGE / "data" / "bank_marketing.LICENCE.md").read_text()
    for text in (README, licence):
        assert "Moro" in text
        assert "UCI" in text
        assert re.search(r"CC BY 4\.0|Creative Commons Attribution 4\.0", text)


# ---------------------------------------------------------------- events, rooms, house


def test_the_events_are_the_contract_s_and_no_others() -> None:
    there = {get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(events.Event)}
    assert there == {f"duetmind.{name}" for name in CONTRACT_EVENTS}


def test_every_event_that_a_page_names_exists() -> None:
    for path in PAGES:
        for name in re.findall(
            r"duetmind\.((?:check|drift|retrain|model|review|job|alert)\.[a-z_]+)", path.read_text()
        ):
            assert name in CONTRACT_EVENTS, f"{path.name}: {name}"


def test_the_rooms_of_the_architecture_are_the_packages_there_are() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    drawn = text[text.index("## Rooms") :].split("```")[1]
    rooms = {word.strip() for line in drawn.splitlines() for word in re.split(r" {2,}|\|", line[:32]) if word.strip()}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    ruled = {room.strip().rpartition(".")[2] for line in layers for room in line.split("|")}
    assert packages - {"data"} <= rooms
    assert rooms - {"duetmind_handlers"} <= packages | {path.stem for path in PACKAGE.glob("*.py")}
    assert packages - {"data"} <= ruled


def test_the_house_is_complete() -> None:
    pages = ("ARCHITECTURE", "CONTRIBUTING", "CHANGELOG", "SECURITY", "README")
    for name in (*(f"{page}.md" for page in pages), "LICENSE", "Makefile", "constraints.txt", ".ci/run"):
        assert (ROOT / name).is_file(), name
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert re.search(r"^make test\b", (ROOT / ".ci/run").read_text(), flags=re.MULTILINE)
    assert not (ROOT / "uv.lock").exists()
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^ ]+( *;.*)?", line) for line in pins)


def test_every_decision_has_its_context_and_consequences_on_one_page() -> None:
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        lines = path.read_text().splitlines()
        assert re.match(rf"# {path.name[:4]}: ", lines[0]), path.name
        assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
        assert len(lines) <= 60, path.name


# ---------------------------------------------------------------- configuration and alerts


def keys_of(section: type[BaseModel], path: str = "") -> Iterator[str]:
    """The dotted key of every setting of a section, the ones inside its sections included."""
    for name, field in section.model_fields.items():
        key = f"{path}{field.alias or name}"
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        sections = [kind for kind in inner if issubclass(kind, BaseModel) and kind is not ModelSettings]
        if not sections:
            yield key
        for kind in sections:
            yield from keys_of(kind, f"{key}.")


@pytest.mark.parametrize("key", sorted({*keys_of(Config), *keys_of(ModelSettings)}))
def test_every_setting_is_explained(key: str) -> None:
    text = page("configuration.md") + page("alerts.md")
    assert mentions(text, key) or mentions(text, key.rpartition(".")[2]), key


@pytest.mark.parametrize(
    "block",
    [block for name in ("configuration.md", "alerts.md", "operating.md") for block in code_blocks(page(name), "yaml")],
    ids=lambda block: block.split(":")[0].strip(),
)
def test_every_config_that_is_shown_can_be_used(block: str, tmp_path: Path) -> None:
    model = "{task: binary, target: y, timestamp: t, reference: {path: a.csv}, production: {path: b.csv}}"
    text = block.replace("https://…", "https://example.com/hook")
    if text.startswith(" "):  # a fragment of a model's settings
        text = "models:\n  loans:\n" + "".join(f"    {key}\n" for key in model[1:-1].split(", ")) + text
    elif "models:" not in text:
        text += f"models: {{loans: {model}}}\n"
    path = tmp_path / "duetmind.yaml"
    path.write_text(text)
    loaded = load_config(path, {})
    assert list(loaded.models) == ["loans"]
    assert yaml.safe_load(text).keys() <= {*Config.model_fields}


@pytest.mark.parametrize("kind", [WebhookOptions, SlackOptions, EmailOptions])
def test_every_option_of_every_channel_is_explained(kind: type[Options]) -> None:
    text = page("alerts.md")
    for name in kind.model_fields.keys() - ChannelSettings.model_fields.keys():
        assert mentions(text, name), name


def test_the_webhook_example_verifies_tells_repeats_and_refuses_forgeries(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {}
    exec(code_blocks(page("alerts.md"), "python")[0], namespace)  # the example as a reader would paste it
    secret, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.now(UTC)
    body = '{"type": "duetmind.drift.detected", "data": {"model": "loans", "severity": "high"}}'

    def headers(at: datetime) -> dict[str, str]:
        signature = Webhook(secret).sign("e1", at, body)
        return {"webhook-id": "e1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}

    receive = namespace["receive"]
    assert [receive(headers(now), body.encode(), secret) for _ in range(2)] == [204, 204]
    assert capsys.readouterr().out == "duetmind.drift.detected loans high\n"
    assert receive(headers(now), body.replace("high", "low").encode(), secret) == 401
    assert receive(headers(now - timedelta(hours=1)), body.encode(), secret) == 401


# ---------------------------------------------------------------- operating


def test_every_metric_is_listed_and_every_listed_metric_exists() -> None:
    listed = set(re.findall(r"^\| `(duetmind_\w+)`", page("operating.md"), flags=re.MULTILINE))
    families = Metrics().registry.collect()
    there = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
        if family.name.startswith("duetmind_")
    }
    assert listed == there


def log_events() -> set[str]:
    """The first argument of every log call of the daemon and its handlers, as far as it is a plain string."""
    found: set[str] = set()
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="info" | "warning" | "error" | "exception"), args=[first, *_]):
                    found |= {part.value for part in ast.walk(first) if isinstance(part, ast.Constant)}
                case _:
                    pass
    return {text for text in found if isinstance(text, str)}


def test_every_log_line_that_is_explained_exists() -> None:
    there = log_events()
    table = page("operating.md").split("## Log lines")[1].split("\n## ")[0]
    for cell in re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE):
        for name in re.findall(r"`([a-z_.]+)`", cell):
            family = name.rpartition(".")[0]
            known = name in there or family in {"alert", "retrain", ""}  # these are put together from parts
            assert known, name


def test_every_code_of_a_source_s_trouble_is_explained() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SourceError)]
    for kind in kinds:
        assert f"`{kind.code}`" in page("operating.md"), kind.code


async def test_the_backup_that_is_shown_works_beside_a_running_store(tmp_path: Path) -> None:
    """The command of the page, on another folder."""
    store = await open_store(f"sqlite:///{tmp_path / 'duetmind.db'}")
    line = re.search(r'python3 -c "(import sqlite3.*)"$', page("operating.md"), flags=re.MULTILINE)
    assert line is not None
    command = (
        line.group(1).replace('\\"', '"').replace("/var/lib/duetmind", str(tmp_path)).replace("/backup", str(tmp_path))
    )
    exec(command.replace(f"INTO '{tmp_path}/duetmind.db'", f"INTO '{tmp_path}/copy.db'"), {})
    await store.close()
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() is not None
