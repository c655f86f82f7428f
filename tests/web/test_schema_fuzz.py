"""Whatever the OpenAPI document allows, and what it forbids, no address answers with a defect of ours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from app.web.openapi import document
from tests.web.site import ADMIN_KEY, INGEST_KEY, running

# a copy, since it adds to what it is given
SCHEMA: Any = schemathesis.openapi.from_dict(deepcopy(document()))
# a stream of events has no end
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if not found.ok().path.endswith("/live")]


def _may_be_wrong(operation: Any) -> bool:
    """Tell whether it takes anything but names in its path, where any text is right."""
    told = document()["paths"][operation.path][operation.method.lower()]
    return "requestBody" in told or any(one["in"] == "query" for one in told["parameters"])


MODES = [
    pytest.param(one, mode, id=f"{one.label} {mode.value}")
    for one in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or _may_be_wrong(one)
]
KNOWN = {"bot": "pizza", "uid": "pizza", "platform": "viber", "key": INGEST_KEY, "path": "messages/slack/"}
"""Names in paths that lead somewhere."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with everything in memory, in a thread of its own."""
    told, loop, ended = list[str](), asyncio.new_event_loop(), asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with running(max_request_bytes=100_000) as site:
            told.append(site.url)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    yield told[0]
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all."""
    with requests.Session() as one:
        yield one


@pytest.mark.parametrize(("operation", "mode"), MODES)
def test_no_defect(url: str, session: requests.Session, operation: Any, mode: GenerationMode) -> None:
    """An answer, a refusal, or a part that is away: never a 500."""

    @settings(
        max_examples=12,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    def answers(case: Any, is_known: bool) -> None:
        if is_known:
            case.path_parameters |= {name: KNOWN[name] for name in case.path_parameters if name in KNOWN}
        key = ADMIN_KEY if operation.path.startswith("/data/") else INGEST_KEY
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
        answer = case.call(base_url=url, session=session, timeout=30, allow_redirects=False)

        assert answer.status_code < 500 or answer.status_code == 503, (case.as_curl_command(), answer.content)

    answers()
