"""Dashbot's own documents, read where they lie: every curl in them is answered, and what it holds is read."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from app.core.normalise import read_item
from app.core.platforms.context import context_of
from tests.shared import shared
from tests.web.site import INGEST_KEY, Site, running

ROOT = "https://tracker.dashbot.io"
EVENTS = [("custom", "none", "967295313370594")]
DEV, PAGE_USER, BOT_USER = "1234858592", "1018952661536494", "975099989272315"

DOCUMENTS: dict[str, list[list[tuple[str, str, str]]]] = {
    "dashbot-facebook": [
        [("text", "in", PAGE_USER)],
        [("text", "out", BOT_USER)],
        [("text", "in", PAGE_USER)],
        [("text", "out", PAGE_USER)],
        [("text", "in", PAGE_USER)],
        *[EVENTS] * 4,
    ],
    "dashbot-twitter": [
        [("text", "out", DEV)],
        [("quick_reply", "in", DEV)],
        [("text", "out", DEV)],
        [("text", "in", "USERIDHERE123123")],
        [("text", "out", PAGE_USER)],
        *[EVENTS] * 4,
    ],
}
"""The curls of each document in their order: kind, direction and user of what each holds."""

_CURL = re.compile(r"curl -X POST -H \"Content-Type: application/json\"\n-d '(?P<body>.*?)'\n'(?P<url>https://[^'\s]+)", re.DOTALL)  # fmt: skip


class Curl(NamedTuple):
    """A request of a document."""

    path: str
    body: str


def curls(document: str) -> list[Curl]:
    """Return the requests of a document, quotes as a shell would read them; some lack the last one."""
    text = shared(f"seeds/{document}.txt").read_text(encoding="utf-8")

    return [
        Curl(match["url"].removeprefix(ROOT), match["body"].replace("'\"'\"'", "'"))
        for match in _CURL.finditer(text)
    ]


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory."""
    async with running() as one:
        yield one


@pytest.mark.parametrize("document", DOCUMENTS)
def test_all_curls_are_found(document: str) -> None:
    """None is passed over."""
    text = shared(f"seeds/{document}.txt").read_text(encoding="utf-8")

    assert text.count("curl -X POST") == len(curls(document)) == len(DOCUMENTS[document])


@pytest.mark.parametrize(
    ("document", "number"), [(name, n) for name, all_ in DOCUMENTS.items() for n in range(len(all_))]
)
async def test_a_curl_is_answered(site: Site, document: str, number: int) -> None:
    """With a key in its place it is answered with 200 and an object, and what it says is read."""
    curl = curls(document)[number]
    path = curl.path.replace("API_KEY_HERE", INGEST_KEY)
    status, answer = await site.post(path, curl.body, "", Content_Type="application/json")

    assert (200, True) == (status, answer.get("success")), answer
    [delivery] = site.log.deliveries
    outcome = read_item(site.items[0], context_of(delivery))
    assert DOCUMENTS[document][number] == [(one.kind, one.direction, one.user_id) for one in outcome.events]
    assert [] == outcome.rejections


def test_botmetrics_document_has_no_requests() -> None:
    """What is there of Botmetrics describes its tables only: nothing in it can be sent."""
    text = shared("seeds/botmetrics-data-models.txt").read_text(encoding="utf-8")

    assert [] == re.findall(r"curl|https?://|POST", text)
