"""What the daemon tells: health, status, lists, the champion, the document and the page."""

import json
import re
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from duetmind_adaptive.errors import DuetMindError, StoreError
from duetmind_adaptive.service.http.pages import render
from duetmind_adaptive.service.http.server import HttpServer
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.settings.model import HttpSettings


async def get(client: aiohttp.ClientSession, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, bytes]:
    async with client.get(path, headers=headers) as response:
        return response, await response.read()


async def test_healthz_lives_and_readyz_tells_why_not(client: aiohttp.ClientSession, api: Any) -> None:
    response, _ = await get(client, "/healthz")
    assert response.status == 200
    response, body = await get(client, "/readyz")
    assert (response.status, json.loads(body)) == (200, {"ready": True, "reasons": []})
    api.reasons = ["the daemon is draining"]
    response, body = await get(client, "/readyz")
    assert (response.status, json.loads(body)["reasons"]) == (503, ["the daemon is draining"])


async def test_status_and_metrics_say_the_same(client: aiohttp.ClientSession, api: Any) -> None:
    _, body = await get(client, "/status")
    assert json.loads(body)["bus"] == {"pending": 4, "dead": 1}
    response, body = await get(client, "/metrics")
    text = body.decode()
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for line in (
        "duetmind_bus_pending 4.0",
        "duetmind_bus_dead 1.0",
        'duetmind_jobs{state="queued"} 2.0',
        'duetmind_incidents_open{model="loans"} 1.0',
        "duetmind_config_reload_success 1.0",
    ):
        assert line in text
    assert "process_resident_memory_bytes" in text


async def test_a_job_s_log_is_read_from_an_offset_on(client: aiohttp.ClientSession) -> None:
    _, body = await get(client, "/api/v1/jobs/loans/log?offset=5")
    assert json.loads(body) == {"job": "loans", "state": "running", "text": "1\n", "next": 7}
    for path, status in (("nothing/log", 404), ("loans/log?offset=-1", 400), ("loans/log?offset=x", 400)):
        response, _ = await get(client, f"/api/v1/jobs/{path}")
        assert response.status == status


async def test_a_list_is_newest_first_and_its_cursor_leads_through_all_of_it(
    client: aiohttp.ClientSession, api: Any
) -> None:
    api.publish(7)
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        _, body = await get(client, f"/api/v1/events?limit=3&cursor={cursor}")
        page = json.loads(body)
        assert page.keys() == {"items", "next"}
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == [f"e{n}" for n in range(7, 0, -1)]


@pytest.mark.parametrize("name", ["models", "checks", "incidents", "jobs", "reviews", "workflows"])
async def test_every_list_has_the_contracts_shape(client: aiohttp.ClientSession, name: str) -> None:
    response, body = await get(client, f"/api/v1/{name}")
    assert response.status == 200
    assert json.loads(body).keys() == {"items", "next"}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=-1", "limit=a", "limit=²", "limit=" + "9" * 5000, "cursor=" + "1" * 600]
)
async def test_a_bad_page_is_a_problem(client: aiohttp.ClientSession, query: str) -> None:
    response, body = await get(client, f"/api/v1/events?{query}")
    assert response.status == 400
    assert response.content_type == "application/problem+json"
    assert json.loads(body)["status"] == 400


async def test_a_cursor_of_somebody_elses_is_a_problem(client: aiohttp.ClientSession) -> None:
    response, body = await get(client, "/api/v1/events?cursor=x")
    assert response.status == 400
    assert "cursor" in json.loads(body)["detail"]


async def test_the_champion_of_a_moment_in_the_past_can_be_asked_for(client: aiohttp.ClientSession, api: Any) -> None:
    _, body = await get(client, "/api/v1/models/loans/champion?at=2026-03-01T12:00:00Z")
    then = json.loads(body)
    assert (then["version"], then["promoted"]) == (1, "2026-03-01T12:00:00+00:00")
    for moment in ("yesterday", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00%2B23:59"):
        response, body = await get(client, f"/api/v1/models/loans/champion?at={moment}")
        assert (response.status, b"at must be a moment" in body) == (400, True)


async def test_the_champion_is_described_and_304_while_it_serves(client: aiohttp.ClientSession, api: Any) -> None:
    response, body = await get(client, "/api/v1/models/loans/champion")
    assert json.loads(body) == api.version
    again, body = await get(client, "/api/v1/models/loans/champion", **{"If-None-Match": response.headers["ETag"]})
    assert (again.status, body) == (304, b"")
    api.put_version(4, b"four")
    again, _ = await get(client, "/api/v1/models/loans/champion", **{"If-None-Match": response.headers["ETag"]})
    assert again.status == 200


async def test_the_artifact_has_its_sha256_as_etag(client: aiohttp.ClientSession, api: Any) -> None:
    path = "/api/v1/models/loans/champion/artifact"
    response, body = await get(client, path)
    tag = response.headers["ETag"]
    assert body == b"three " * 1000
    assert tag == f'"{api.version["sha256"]}"'
    assert response.headers["Repr-Digest"].startswith("sha-256=:")
    again, body = await get(client, path, **{"If-None-Match": tag})
    assert (again.status, body, again.headers["ETag"]) == (304, b"", tag)
    async with client.head(path) as head:
        assert (head.status, head.headers["Content-Length"], head.headers["ETag"]) == (200, "6000", tag)


async def test_the_artifact_comes_in_ranges_of_one_version_only(client: aiohttp.ClientSession, api: Any) -> None:
    path = "/api/v1/models/loans/champion/artifact"
    response, body = await get(client, path, Range="bytes=0-8")
    tag = response.headers["ETag"]
    assert (response.status, body) == (206, b"three thr")
    response, body = await get(client, path, **{"Range": "bytes=5990-", "If-Range": tag})
    assert (response.status, len(body)) == (206, 10)
    api.put_version(4, b"four" * 100)
    response, body = await get(client, path, **{"Range": "bytes=100-", "If-Range": tag})
    assert (response.status, body) == (200, b"four" * 100)
    response, _ = await get(client, path, Range="bytes=9999-")
    assert response.status == 416


async def test_an_artifact_that_is_gone_or_a_model_that_is_not_there_is_404(
    client: aiohttp.ClientSession, api: Any
) -> None:
    (api.folder / "3.skops").unlink()
    for path in ("/api/v1/models/loans/champion/artifact", "/api/v1/models/nobody/champion", "/nowhere"):
        response, body = await get(client, path)
        assert response.status == 404
        assert json.loads(body)["title"] == "Not Found"


async def test_the_page_shows_models_and_cannot_be_written_by_their_names(
    client: aiohttp.ClientSession, api: Any
) -> None:
    api.names = ["<script>alert(1)</script>", "a\"'&b"]
    response, body = await get(client, "/")
    text = body.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert text.count("<script>") == 1
    assert "a&quot;&#x27;&amp;b" in text
    assert "2026-03-01 12:00:00" in text
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.findall(r"(?:https?:)?//[a-z]", text.replace("<!doctype", ""))


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5, unique=True))
def test_whatever_a_model_is_called_page_and_metrics_stay_well_formed(names: list[str]) -> None:
    status = {"version": "1", "models": {name: {"severity": name, "open_incident": name} for name in names}}
    page = render(status, names, [{"model": name, "cause": name} for name in names], [])
    plain = render({"version": "1", "models": {"a": {"drift": True}}}, ["x"], [{}], [])
    assert set(re.findall(r"<(/?\w+)", page)) <= set(re.findall(r"<(/?\w+)", plain))
    metrics = Metrics()
    metrics.show_status(status)
    families = list(text_string_to_metric_families(metrics.render().decode()))
    (incidents,) = (family for family in families if family.name == "duetmind_incidents_open")
    assert {sample.labels["model"] for sample in incidents.samples} == set(names)


async def test_a_fault_of_the_daemon_is_a_problem_without_its_details(client: aiohttp.ClientSession, api: Any) -> None:
    api.fault = KeyError("inner secret")
    response, body = await get(client, "/status")
    assert response.status == 500
    assert b"inner secret" not in body
    api.fault = StoreError("the disk is full")
    response, body = await get(client, "/status")
    assert (response.status, json.loads(body)["detail"]) == (503, "the disk is full")


async def test_the_document_names_every_route_and_all_its_references_resolve(
    client: aiohttp.ClientSession, server: HttpServer
) -> None:
    _, body = await get(client, "/api/v1/openapi.json")
    document = json.loads(body)
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in server._runner.app.router.routes()
        if route.resource and route.method != "HEAD"
    }
    assert routes == {(method, path) for path, item in document["paths"].items() for method in item}
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/(\w+)"', body.decode()):
        assert name in schemas
    assert "#/$defs" not in body.decode()
    assert {"Event", "CheckCompleted", "Status", "Problem"} <= schemas.keys()
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)


async def test_a_port_in_use_is_one_sentence(server: HttpServer, api: Any) -> None:
    second = HttpServer(api, HttpSettings(port=server.port), "t" * 20, Metrics())
    with pytest.raises(DuetMindError, match=rf"^127\.0\.0\.1:{server.port} is already in use; stop"):
        await second.__aenter__()


async def test_an_address_of_another_machine_is_one_sentence(api: Any) -> None:
    with pytest.raises(DuetMindError, match=r"^cannot listen on 192\.0\.2\.1:8420 \("):
        await HttpServer(api, HttpSettings(host="192.0.2.1"), "t" * 20, Metrics()).__aenter__()


async def test_the_url_names_an_address_one_can_ask(api: Any) -> None:
    hosts = ["::", "::1", "0.0.0.0", "10.0.0.1"]
    assert [HttpServer(api, HttpSettings(host=host, port=1), "t" * 20, Metrics()).url for host in hosts] == [
        "http://[::1]:1",
        "http://[::1]:1",
        "http://127.0.0.1:1",
        "http://10.0.0.1:1",
    ]
