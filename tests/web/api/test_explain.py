"""Explaining over HTTP: with a read key, of any body, without storing it."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest

from app.web.openapi import document
from tests.web.site import ADMIN_KEY, INGEST_KEY, NOW_MS, READ_KEY, Site, running

EXPLAIN = "/data/v1/explain"


async def ask(site: Site, query: str, body: bytes, key: str = READ_KEY) -> tuple[int, Any]:
    """Post *body* to be explained."""
    return await site.post(f"{EXPLAIN}?{query}", body, key)


async def test_a_body_is_explained_and_not_stored() -> None:
    """The answer is as described, and nothing reaches the log; a key of one bot puts that bot into the events."""
    async with running() as site:
        status, answer = await ask(
            site, "way=dashbot&type=incoming", b'{"userId":"u","text":"hi","token":"t"}'
        )
        _, of_all = await ask(site, "way=native", b'{"user":"u","text":"hi"}', ADMIN_KEY)

        whole = document()
        schema = whole["paths"][EXPLAIN]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer, {**schema, "components": whole["components"]})
        assert (200, ["token"], []) == (status, answer["removed"], site.log.records)
        [event] = answer["events"]
        assert ("pizza", "u", "hi", NOW_MS) == (
            event["bot_id"],
            event["user_id"],
            event["text"],
            event["received_at"],
        )
        assert "" == of_all["events"][0]["bot_id"]


async def test_platform_and_path() -> None:
    """Both are taken from the query; a body need not be JSON."""
    async with running() as site:
        _, sms = await ask(site, "way=webhook&platform=twilio", b"MessageSid=SM1&From=%2B49&To=%2B1&Body=hi")
        body = {
            "is_sender_bot": False,
            "user": {"id": "u", "name": "U"},
            "message": {"text": "ho", "timestamp": 1},
        }
        _, v1 = await ask(site, "way=botanalytics-v1&path=/v1/messages/generic/", msgspec.json.encode(body))

    assert ["hi", "ho"] == [one["events"][0]["text"] for one in (sms, v1)]


@pytest.mark.parametrize(
    ("status", "code", "query", "key"),
    [
        pytest.param(401, "unauthorized", "way=native", "", id="no key"),
        pytest.param(401, "unauthorized", "way=native", INGEST_KEY, id="a key for sending"),
        pytest.param(400, "missing_parameter", "", READ_KEY, id="no way"),
        pytest.param(400, "bad_value", "way=morse", READ_KEY, id="unknown way"),
        pytest.param(400, "unknown_parameter", "way=native&color=red", READ_KEY, id="unknown parameter"),
    ],
)
async def test_what_is_refused(status: int, code: str, query: str, key: str) -> None:
    """As everywhere in the read API."""
    async with running() as site:
        found, answer = await ask(site, query, b"{}", key)

    assert (status, code) == (found, answer["error"]["code"])


async def test_a_body_too_large() -> None:
    """There is a limit, as for a real event."""
    async with running(max_event_bytes=1024) as site:
        status, answer = await ask(site, "way=native", b"x" * 2000)

    assert (413, "too_large") == (status, answer["error"]["code"])


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[" * 5000, b'"' + b"\\ud83d" + b'"', b"1e999"])
async def test_a_strange_body(body: bytes) -> None:
    """What cannot be read is explained too: 200 with rejections."""
    async with running() as site:
        status, answer = await ask(site, "way=native", body)

    assert (200, True) == (status, bool(answer["rejections"]))
