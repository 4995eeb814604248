"""Who may do what, and what becomes of hostile requests (R35)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.service.http.auth import Guard, ensure_token
from duetmind_adaptive.service.http.server import HttpServer
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.settings.model import HttpSettings

ACTS = ["check", "retrain", "rollback", "promote"]


async def post(
    client: aiohttp.ClientSession, path: str, headers: dict[str, str], **body: Any
) -> tuple[int, dict[str, Any]]:
    async with client.post(path, headers=headers, **body) as response:
        document = json.loads(await response.read())
        if response.status >= 400:
            assert response.content_type == "application/problem+json"
            assert document["status"] == response.status
        return response.status, document


async def test_acts_reach_the_daemon(client: aiohttp.ClientSession, api: Any, bearer: dict[str, str]) -> None:
    base = "/api/v1/models/loans"
    assert await post(client, f"{base}/check", bearer) == (202, {"model": "loans"})
    assert await post(client, f"{base}/retrain", bearer, json={}) == (202, {"request": "r1"})
    assert await post(client, f"{base}/rollback", bearer, json={}) == (200, {"version": 2, "previous": 3})
    assert await post(client, f"{base}/rollback", bearer, json={"to": 1}) == (200, {"version": 1, "previous": 3})
    assert await post(client, f"{base}/promote", bearer, json={"version": 4}) == (200, {"version": 4, "previous": 3})
    assert api.acts == [
        ("check", "loans"),
        ("retrain", "loans"),
        ("rollback", "loans", None),
        ("rollback", "loans", 1),
        ("promote", "loans", 4),
    ]


async def test_a_threshold_is_set_within_its_range_or_given_back_to_the_config(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str]
) -> None:
    path = "/api/v1/models/loans/threshold"
    for wrong in (0, 1, -1, "far", True, 1e999):
        assert (await post(client, path, bearer, json={"drift_threshold": wrong}))[0] in {400, 422}
    assert api.acts == []
    assert (await post(client, path, bearer, json={"drift_threshold": 0.05}))[1]["after"] == 0.05
    assert (await post(client, path, bearer, json={}))[1]["after"] == 0.1
    assert api.acts == [("threshold", "loans", 0.05), ("threshold", "loans", None)]


async def test_a_review_is_answered_with_the_token_only(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str]
) -> None:
    assert (await post(client, "/api/v1/reviews/r1/approve", {}))[0] == 401
    assert (await post(client, "/api/v1/reviews/r9/approve", bearer))[0] == 404
    assert (await post(client, "/api/v1/reviews/r1/approve", bearer, json={"by": ""}))[0] == 422
    assert api.acts == []
    assert (await post(client, "/api/v1/reviews/r1/approve", bearer, json={"by": "ann"}))[0] == 200
    assert (await post(client, "/api/v1/reviews/r1/reject", bearer))[0] == 200
    assert api.acts == [("review", "r1", True, "ann"), ("review", "r1", False, "a person")]


async def test_every_act_is_noted_with_who_what_and_why_also_one_that_is_refused_and_none_without_the_token(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str]
) -> None:
    await post(client, "/api/v1/pause", {}, json={"reason": "a stranger"})
    assert api.noted == []
    await post(client, "/api/v1/reviews/r1/approve", bearer, json={"by": "ann", "reason": "prices"})
    await post(client, "/api/v1/models/loans/rollback", bearer, json={"to": 1})
    await post(client, "/api/v1/models/nobody/retrain", bearer)
    noted = [(act.who, act.what, act.model, act.why) for act in api.noted]
    assert noted == [
        ("ann", "reviews/r1/approve", "", "prices"),
        ("the token's holder", 'models/loans/rollback {"to": 1}', "loans", ""),
        ("the token's holder", "models/nobody/retrain", "nobody", ""),
    ]
    assert [act.outcome for act in api.noted][:2] == ["200", "200"]
    assert api.noted[2].outcome.startswith("refused")


@pytest.mark.parametrize(
    "body",
    [
        b'{"by": "\\ud800", "reason": "\\udfff"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b"7",
        b'{"by": {"x": [1]}}',
    ],
)
async def test_a_hostile_body_is_refused_noted_and_never_a_500(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str], body: bytes
) -> None:
    headers = {**bearer, "Content-Type": "application/json"}
    status, _ = await post(client, "/api/v1/reviews/r1/approve", headers, data=body)
    assert status in {400, 422}
    (act,) = api.noted
    assert f"{act.who}{act.what}{act.why}".encode()


@pytest.mark.parametrize("period", ["99999999d", "-1h", "a while", 1e300, None, {}])
async def test_a_silence_lasts_a_year_at_most(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str], period: object
) -> None:
    status, _ = await post(client, "/api/v1/models/loans/silence", bearer, json={"for": period})
    assert (status, api.acts) == (422, [])


async def test_acting_is_paused_and_resumed_with_the_token_only(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str]
) -> None:
    assert (await post(client, "/api/v1/pause", {}))[0] == 401
    assert (await post(client, "/api/v1/pause", bearer, json={"for": "2h"}))[0] == 422
    assert api.acts == []
    status, answer = await post(client, "/api/v1/pause", bearer, json={"reason": "a migration"})
    assert (status, answer["paused"]["reason"]) == (200, "a migration")
    assert (await post(client, "/api/v1/resume", bearer)) == (200, {"paused": None})
    assert api.acts == [("pause", "a migration"), ("resume", "")]


async def test_a_job_is_cancelled_by_its_id_and_with_the_token_only(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str]
) -> None:
    assert (await post(client, "/api/v1/jobs/j1/cancel", {}))[0] == 401
    assert (await post(client, "/api/v1/jobs/j2/cancel", bearer))[0] == 404
    assert (await post(client, "/api/v1/jobs/j1/cancel", bearer, json={"now": 1}))[0] == 422
    assert api.acts == []
    status, job = await post(client, "/api/v1/jobs/j1/cancel", bearer)
    assert (status, job["state"], api.acts) == (200, "cancelled", [("cancel", "j1")])


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "given",
    [None, "Bearer", "Bearer wrong", "Basic a-token-for-the-tests-0815", "a-token-for-the-tests-0815", "Bearer é"],
)
async def test_no_act_without_the_token(client: aiohttp.ClientSession, api: Any, act: str, given: str | None) -> None:
    headers = {"Authorization": given} if given else {}
    status, _ = await post(client, f"/api/v1/models/loans/{act}", headers, json={"version": 1})
    assert status == 401
    assert api.acts == []


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        ("promote", b"", 422),
        ("promote", b"{}", 422),
        ("promote", b'{"version": "4"}', 422),
        ("promote", b'{"version": 4.5}', 422),
        ("promote", b'{"version": true}', 422),
        ("promote", b'{"version": -1}', 422),
        ("promote", b'{"version": 1e400}', 422),
        ("promote", b'{"version": ' + b"9" * 5000 + b"}", 422),
        ("promote", b'{"version": 1, "force": 1}', 422),
        ("rollback", b'{"tp": 1}', 422),
        ("rollback", b'{"to": 99}', 409),
        ("rollback", b"[]", 422),
        ("check", b"null", 422),
        ("check", b"{", 400),
        ("check", b"\xff\xfe", 400),
        ("check", b"[" * 100_000, 400),
        ("check", b'{"a": "\\ud800"}', 422),
        ("check", b" " * (1024 * 1024 + 1), 413),
    ],
)
async def test_a_body_that_does_not_fit_is_a_problem(
    client: aiohttp.ClientSession, api: Any, bearer: dict[str, str], *, act: str, body: bytes, status: int
) -> None:
    headers = {**bearer, "Content-Type": "application/json"}
    found, document = await post(client, f"/api/v1/models/loans/{act}", headers, data=body)
    assert found in {status, 400 if status == 422 else status}
    assert document["detail"]
    assert api.acts == []


async def test_only_plain_json_is_read(client: aiohttp.ClientSession, bearer: dict[str, str]) -> None:
    path = "/api/v1/models/loans/check"
    assert (await post(client, path, bearer, data={"a": "b"}))[0] == 415
    gzipped = {**bearer, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await post(client, path, gzipped, data=b"\x1f\x8bnot gzip"))[0] == 415


async def test_a_wrong_method_names_the_right_one(client: aiohttp.ClientSession, bearer: dict[str, str]) -> None:
    async with client.delete("/status", headers=bearer) as response:
        assert response.status == 405
        assert "GET" in response.headers["Allow"]
        assert response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.2", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
    ],
)
async def test_on_loopback_only_loopback_names_are_answered(
    client: aiohttp.ClientSession, host: str, status: int
) -> None:
    async with client.get("/status", headers={"Host": host}) as response:
        assert response.status == status
    async with client.get("/healthz", headers={"Host": host}) as response:
        assert response.status == 200


async def test_beyond_loopback_reads_need_the_token_but_probes_do_not(api: Any, bearer: dict[str, str]) -> None:
    token = bearer["Authorization"].removeprefix("Bearer ")
    async with (
        HttpServer(api, HttpSettings(host="0.0.0.0", port=0), token, Metrics()) as server,
        aiohttp.ClientSession(server.url) as client,
    ):
        for path in ("/", "/status", "/metrics", "/api/v1/events", "/api/v1/openapi.json", "/nowhere"):
            async with client.get(path) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"].startswith("Bearer")
        for path in ("/healthz", "/readyz"):
            async with client.get(path) as response:
                assert response.status == 200
        async with client.get("/status", headers={**bearer, "Host": "duetmind.example"}) as response:
            assert response.status == 200


def test_the_guard_keeps_no_token() -> None:
    guard = Guard("a secret of sixteen", "127.0.0.1")
    assert "a secret of sixteen" not in repr(vars(guard))


def test_the_token_is_made_once_and_is_the_owners_only(tmp_path: Path) -> None:
    token = ensure_token(tmp_path / "state", None)
    path = tmp_path / "state" / "http-token"
    assert len(token) >= 40
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_token(tmp_path / "state", None) == token
    assert list(path.parent.iterdir()) == [path]


def test_a_configured_token_counts_and_makes_no_file(tmp_path: Path) -> None:
    assert ensure_token(tmp_path, SecretStr("sixteen characters")) == "sixteen characters"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("token", ["", "short", "a" * 15 + "\n", "é" * 20])
def test_a_weak_token_is_refused_without_being_shown(tmp_path: Path, token: str) -> None:
    with pytest.raises(ConfigError, match="at least 16") as caught:
        ensure_token(tmp_path, SecretStr(token))
    assert not token or token not in str(caught.value)


def test_a_token_file_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "http-token"
    path.write_text("x" * 20)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        ensure_token(tmp_path, None)
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(ConfigError, match="holds no token"):
        ensure_token(tmp_path, None)


async def first_line(port: int, request: bytes) -> bytes:
    """The status line of the answer; the sending side is closed only when the server waits for more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.readline()
    except ConnectionResetError:  # the server had enough before it had read all
        return b""
    finally:
        writer.close()


MODEL = b"/api/v1/models/loans"
HOSTILE = {
    b"\x00\x01\x02\r\n\r\n": 400,
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n": 400,
    b"GET /status HTTP/1.1\r\n\r\n": 400,
    b"GET /status HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n": 421,
    b"GET /status HTTP/1.0\r\n\r\n": 421,
    b"GET /healthz HTTP/1.0\r\n\r\n": 200,
    b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n": 400,
    b"GET /api/v1/models/%ff%00%ed%a0%80/champion HTTP/1.1\r\nHEAD\r\n": 404,
    b"GET /api/v1/models/..%2f..%2fetc%2fpasswd/champion/artifact HTTP/1.1\r\nHEAD\r\n": 404,
    b"GET /api/v1/events?limit=%ff HTTP/1.1\r\nHEAD\r\n": 400,
    b"GET /api/v1/events?cursor=%00 HTTP/1.1\r\nHEAD\r\n": 400,
    b"GET /api/v1/events/stream HTTP/1.1\r\nHEADLast-Event-ID: \xff\r\n\r\n": 400,
    b"GET " + MODEL + b"/champion/artifact HTTP/1.1\r\nHEADRange: bytes=\xff\r\n\r\n": 200,
    b"GET " + MODEL + b"/champion/artifact HTTP/1.1\r\nHEADRange: bytes=9-1\r\n\r\n": 416,
    b"GET " + MODEL + b'/champion/artifact HTTP/1.1\r\nHEADIf-None-Match: \xff,,"\r\n\r\n': 200,
    b"GET " + MODEL + b"/champion/artifact HTTP/1.1\r\nHEADIf-Range: \xff\r\nX: \xff\r\n\r\n": 200,
    b"POST " + MODEL + b"/check HTTP/1.1\r\nHEADTransfer-Encoding: chunked\r\n\r\nzz\r\n": 400,
    b"POST " + MODEL + b"/check HTTP/1.1\r\nHEADContent-Length: -1\r\n\r\n": 400,
    b"POST " + MODEL + b"/check HTTP/1.1\r\nHEADContent-Length: 2\r\nContent-Type: \xff\r\n\r\n{}": 415,
    b"OPTIONS * HTTP/1.1\r\nHEAD\r\n": 404,
}


@pytest.mark.parametrize("request_bytes", HOSTILE, ids=lambda request: repr(request[:60]))
async def test_hostile_bytes_are_answered_and_never_with_500(
    server: HttpServer, bearer: dict[str, str], request_bytes: bytes
) -> None:
    head = f"Host: localhost\r\nAuthorization: {bearer['Authorization']}\r\n".encode()
    line = await first_line(server.port, request_bytes.replace(b"HEAD", head))
    assert f" {HOSTILE[request_bytes]} ".encode() in line
    assert b" 200 " in await first_line(server.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")


async def test_a_client_that_goes_in_the_middle_of_its_body_harms_nobody(
    server: HttpServer, api: Any, bearer: dict[str, str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"Host: localhost\r\nAuthorization: {bearer['Authorization']}\r\nContent-Type: application/json\r\n"
    writer.write(f"POST /api/v1/models/loans/check HTTP/1.1\r\n{head}Content-Length: 10\r\n\r\n{{}}".encode())
    writer.write_eof()
    assert b" 500 " not in await reader.readline()
    writer.close()
    assert api.acts == []
    assert b" 200 " in await first_line(server.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")


async def test_nobody_fills_the_log_with_malformed_requests(
    server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    await first_line(server.port, b"\x00\r\n\r\n")
    assert not [record for record in caplog.records if record.exc_info]
