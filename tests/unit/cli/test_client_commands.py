"""The commands that talk to a running daemon, against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.errors import DaemonRefusedError, DaemonUnreachableError


def test_status_shows_each_model(duetmind, daemon) -> None:
    outcome = duetmind("status", "--url", daemon.url)
    assert outcome.status == 0
    head, columns, row, ahead = outcome.out.splitlines()
    assert head == (f"DuetMind 0.1.0 at {daemon.url}, up 90s; events pending 2, dead 1; jobs running 1, queued 0")
    assert columns.split() == ["MODEL", "CHAMPION", "DRIFT", "SEVERITY", "INCIDENT", "LAST", "CHECK", "NEXT", "CHECK"]
    assert row.split() == ["loans", "3", "yes", "high", "i1", "2026-01-31T12:00:00Z", "-"]
    assert ahead == "loans: At this rate the accuracy falls below 0.82 between 3 and 9 December."


def test_models_tell_what_is_to_come(duetmind, daemon) -> None:
    said = duetmind("models", "--url", daemon.url).out.splitlines()
    assert said[-1] == "loans: At this rate the accuracy falls below 0.82 between 3 and 9 December."


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("status", "/status"),
        ("models", "/api/v1/models?limit=100"),
        ("incidents", "/api/v1/incidents?limit=20"),
        ("events", "/api/v1/events?limit=20"),
        ("jobs", "/api/v1/jobs?limit=20"),
    ],
)
def test_json_is_the_daemons_document(duetmind, daemon, command: str, path: str) -> None:
    outcome = duetmind(command, "--url", daemon.url, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    assert isinstance(outcome.json, dict)
    assert [request[:2] for request in daemon.requests] == [("GET", path)]


def test_lists_say_how_to_see_more_and_pass_it_on(duetmind, daemon) -> None:
    outcome = duetmind("incidents", "--url", daemon.url, "--limit", 1, "--cursor", "a&b")
    assert daemon.requests[0][1] == "/api/v1/incidents?limit=1&cursor=a%26b"
    assert outcome.out.endswith("more: --cursor c2\n")


def test_hostile_names_do_not_reach_the_terminal(duetmind, daemon) -> None:
    for command in ("incidents", "events"):
        assert "\x1b" not in duetmind(command, "--url", daemon.url).out
    assert r"grew\x1b[31m\nworse" in duetmind("events", "--url", daemon.url).out


def test_an_empty_list_says_so(duetmind, daemon) -> None:
    assert duetmind("jobs", "--url", daemon.url).out == "no jobs\n"


def test_following_prints_events_as_they_come(duetmind, daemon) -> None:
    outcome = duetmind("events", "--follow", "--url", daemon.url)
    assert outcome.out.startswith("2026-01-31T12:00:00Z  drift.detected  loans  severity high, reason first")
    assert outcome.status == 2
    assert outcome.err == f"duetmind: the daemon at {daemon.url} ended the stream of events\n"


def test_following_as_json_is_one_envelope_a_line(duetmind, daemon) -> None:
    lines = duetmind("events", "--follow", "--json", "--url", daemon.url).out.splitlines()
    assert [json.loads(line).get("id") for line in lines] == ["e1", None]


SET, REVERTED = (f"the threshold of loans is {now} now; it was 0.02" for now in (0.05, 0.02))


@pytest.mark.parametrize(
    ("arguments", "path", "body", "said"),
    [
        (["retrain", "loans"], "retrain", {}, "retrain of loans requested (r1)"),
        (["rollback", "loans"], "rollback", {}, "loans is served by version 2 (before: 3)"),
        (["rollback", "loans", "--to", "1"], "rollback", {"to": 1}, "loans is served by version 1 (before: 3)"),
        (
            ["threshold", "loans", "0.05"],
            "threshold",
            {"drift_threshold": 0.05},
            "the threshold of loans is 0.05 now; it was 0.02",
        ),
        (
            ["threshold", "loans", "--revert"],
            "threshold",
            {"drift_threshold": None},
            "the threshold of loans is 0.02 now; it was 0.02",
        ),
        (["promote", "loans", "4"], "promote", {"version": 4}, "loans is served by version 4 (before: 3)"),
    ],
)
def test_acts_are_sent_with_the_token_of_the_state_folder(  # noqa: PLR0917  # pytest passes by name
    duetmind, daemon, config: Path, arguments: list[str], path: str, body: dict[str, int], said: str
) -> None:
    outcome = duetmind(*arguments, "--config", config)
    assert (outcome.status, outcome.out, outcome.err) == (0, f"{said}\n", "")
    assert daemon.requests == [("POST", f"/api/v1/models/loans/{path}", f"Bearer {daemon.token}", body)]


def test_a_job_is_cancelled_by_its_id(duetmind, daemon, config: Path) -> None:
    outcome = duetmind("jobs", "cancel", "j1", "--config", config)
    assert (outcome.status, outcome.out, outcome.err) == (0, "job j1 of loans is cancelled\n", "")
    assert daemon.requests == [("POST", "/api/v1/jobs/j1/cancel", f"Bearer {daemon.token}", {})]


def test_a_job_s_log_is_shown_with_nothing_that_a_terminal_acts_on(duetmind, daemon) -> None:
    followed = duetmind("jobs", "logs", "j1", "--follow", "--url", daemon.url)
    assert (followed.status, followed.out) == (0, "fold 1\n\\x1b[31mfold 2\n")


def test_a_job_that_printed_nothing_is_said_to_beside_the_output(duetmind, daemon) -> None:
    outcome = duetmind("jobs", "logs", "j2", "--url", daemon.url)
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "job j2 has printed nothing\n")


def test_a_job_s_log_as_json_is_one_document(duetmind, daemon) -> None:
    document = duetmind("jobs", "logs", "j1", "--json", "--url", daemon.url).json
    assert document == {"job": "j1", "state": "succeeded", "text": "fold 1\n\x1b[31mfold 2\n", "next": 19}


def test_following_a_job_s_log_as_json_is_a_line_for_each_piece(duetmind, daemon) -> None:
    lines = duetmind("jobs", "logs", "j1", "--follow", "--json", "--url", daemon.url).out.splitlines()
    assert [json.loads(line)["next"] for line in lines] == [7, 19]


def test_acting_is_paused_with_a_reason_and_resumed(duetmind, daemon, config: Path) -> None:
    paused = duetmind("pause", "--reason", "a migration", "--config", config)
    assert paused.out == ("acting is paused since 2026-01-31T12:00:00+00:00: a migration; duetmind resume ends that\n")
    assert duetmind("resume", "--config", config).out == "acting again\n"
    assert [(path, body) for _, path, _, body in daemon.requests] == [
        ("/api/v1/pause", {"reason": "a migration"}),
        ("/api/v1/resume", {}),
    ]


def test_acts_print_the_daemons_answer_as_json(duetmind, config: Path) -> None:
    assert duetmind("retrain", "loans", "--config", config, "--json").json == {"request": "r1", "model": "loans"}


def test_a_refusal_is_the_daemons_sentence(fails, daemon, config: Path) -> None:
    line = fails("rollback", "loans", "--to", "9", "--config", config)
    assert line == rf"loans has no version 9;\nit has 1 to 3 (the daemon at {daemon.url} answered 409)"


def test_a_models_name_cannot_leave_its_place_in_the_path(fails, daemon, config: Path) -> None:
    fails("retrain", "../jobs?x", "--config", config)
    assert daemon.requests[0][1] == "/api/v1/models/..%2Fjobs%3Fx/retrain"


def test_a_wrong_token_is_said(fails, daemon, config: Path) -> None:
    line = fails("retrain", "loans", "--config", config, "--token", "wrong-token")
    assert line == (
        f"the daemon at {daemon.url} wants its token: the token is not this daemon's; "
        "give --token, DUETMIND_TOKEN or --config"
    )


def test_a_missing_token_is_said(fails, daemon, config: Path) -> None:
    assert "wants its token: none was given; give --token" in fails("retrain", "loans", "--url", daemon.url)
    (config.parent / "state" / "http-token").unlink()
    line = fails("retrain", "loans", "--config", config)
    assert f"the secret file {config.parent}/state/http-token cannot be read: No such file" in line


def test_what_is_no_daemon_is_said(fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "_connection", lambda *_: NotDaemon())
    assert fails("status") == "what answers at http://127.0.0.1:8420 is not a DuetMind daemon: /status is no JSON"


class NotDaemon:
    """A web server of another kind."""

    status = 200

    def request(self, *_: object) -> None: ...

    def getresponse(self) -> NotDaemon:
        return self

    def read(self) -> bytes:
        return b"<html>"

    def close(self) -> None: ...


def test_a_daemon_that_is_not_ready_is_told_from_one_that_refuses(daemon) -> None:
    client = Client(daemon.url, None)
    with pytest.raises(DaemonUnreachableError, match="is not ready: the store is not open"):
        client.get("/readyz")
    with pytest.raises(DaemonRefusedError, match="there is no model 'x'"):
        Client(daemon.url, daemon.token).post("/api/v1/models/x/retrain")


def test_a_clients_token_is_not_in_its_repr() -> None:
    assert "hunter2" not in repr(Client("http://127.0.0.1:1", "hunter2"))
