"""The API's OpenAPI 3.1 document, made from the routes and the pydantic models behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from duetmind_adaptive.events import event_schema
from duetmind_adaptive.service.http.answers import Problem
from duetmind_adaptive.service.http.auth import PUBLIC, READING
from duetmind_adaptive.service.http.endpoints import Endpoint
from duetmind_adaptive.service.http.problems import CONTENT_TYPE as PROBLEM

REF = "#/components/schemas/"
#: statuses that the guard and the body's limits add to a route that changes something
ACT_FAILURES = (400, 401, 413, 415)


def openapi_document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The document for these routes."""
    endpoints = list(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DuetMind Adaptive",
            "version": version,
            "description": "Reads on loopback need no token; every act, and every read beyond loopback, does.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    models: set[type[BaseModel]] = {Problem}
    for endpoint in endpoints:
        models.update(model for model in (endpoint.answer, endpoint.body) if isinstance(model, type))
    ordered = sorted(models, key=lambda model: model.__name__)
    _, answers = models_json_schema([(model, "validation") for model in ordered], ref_template=REF + "{model}")
    events = _moved(event_schema())
    parts = events.pop("$defs")
    return {**parts, "Event": events, **answers["$defs"]}


def _moved(schema: Any) -> Any:
    """A schema whose references point into the document's components."""
    if isinstance(schema, dict):
        return {key: _moved(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_moved(item) for item in schema]
    return schema.replace("#/$defs/", REF) if isinstance(schema, str) else schema


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": _operation_id(endpoint),
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
        "security": _security(endpoint),
    }
    if endpoint.body is not None:
        content = {"application/json": {"schema": {"$ref": REF + endpoint.body.__name__}}}
        operation["requestBody"] = {"required": _needs_body(endpoint.body), "content": content}
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    """A name for generated clients.

    >>> async def handler(request): ...
    >>> _operation_id(Endpoint(method="GET", path="/api/v1/models/{model}/champion", handler=handler,
    ...                        summary="", answer="text/plain"))
    'get_models_model_champion'
    """
    words = re.findall(r"\w+", endpoint.path.removeprefix("/api/v1"))
    return "_".join([endpoint.method.lower(), *(words or ["dashboard"])])


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    in_query = [
        {"name": query.name, "in": "query", "description": query.description, "schema": {"type": query.type}}
        for query in endpoint.query
    ]
    return in_path + in_query


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    if isinstance(endpoint.answer, str):
        content: dict[str, Any] = {endpoint.answer: {}}
    else:
        content = {"application/json": {"schema": {"$ref": REF + endpoint.answer.__name__}}}
    responses: dict[str, Any] = {str(endpoint.status): {"description": "Done.", "content": content}}
    failures = set(endpoint.failures).union(ACT_FAILURES if endpoint.method not in READING else ())
    problem = {PROBLEM: {"schema": {"$ref": REF + Problem.__name__}}}
    for status in sorted(failures):
        unready = status == 503 and endpoint.path in PUBLIC
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": content if unready else problem,
        }
    return responses


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if endpoint.path in PUBLIC:
        return []
    needed: list[dict[str, list[str]]] = [{"token": []}]
    return needed if endpoint.method not in READING else [{}, *needed]


def _needs_body(model: type[BaseModel]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())
