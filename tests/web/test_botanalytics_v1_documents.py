"""Botanalytics' own document, read where it lies: every curl in it is answered, every address in it is known."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
import pytest
import pytest_asyncio

from app.core.dialects.botanalytics_v1 import route
from app.core.normalise import read_item
from app.core.platforms.context import context_of
from tests.shared import shared
from tests.web.site import INGEST_KEY, Site, running

DOCUMENT = "seeds/botanalytics-api.txt"
HOST = "https://api.botanalytics.co"

_CURL = re.compile(
    r"""(?:curl\ --include\ \\\n)+
    --request\ (?P<method>\w+)\ \\\n
    --header\ "Authorization:\ Token\ BOTANALYTICS_TOKEN"\ \\\n
    --data-binary\ "(?P<body>.*?)"\ \\\n
    '(?P<url>https://[^']+)'""",
    re.DOTALL | re.VERBOSE,
)

CURLS = {
    "/v1/platform/users/": ["profile"],
    "/v1/messages/generic/": ["text"],
    "/v1/bots/me": ["system"],
    "/v1/watson-assistant/messages/": ["text", "text"],
    "/v1/bots/slack/initialize/": [],
    "/v1/messages/line/": [],
    "/v1/messages/line/ 2": ["unknown"],
    "/v1/line/users/": ["profile"],
    "/v1/messages/wechat/": ["text"],
    "/v1/wechat/users/": ["profile"],
    "/v1/twilio/sms/messages/": ["text"],
}
"""The curls of the document by their paths, and the kinds of what each holds."""

MESSAGES = {
    "/v1/messages/wechat/": {
        "ToUserName": "ann",
        "MsgType": "text",
        "Content": "hi",
        "CreateTime": 1699999999,
    },
    "/v1/twilio/sms/messages/": {"MessageSid": "SM1", "From": "+1", "To": "+2", "Body": "hi"},
}
"""What stands for the platform's message, which the document leaves to the platform."""

PLACEHOLDERS = (
    (r"\[\s*\.{2,3}\s*\]", "[]"),  # "intents": [..]
    (r"(:\s*)\.\.(\s*\})", r"\1[]\2"),  # "custom": ..
    (r'("is_sender_bot":)\s*,?(\s*")', r"\1 false,\2"),
    (r'("timestamp":)\s*,', r"\1 1699999999000,"),
    (r",(\s*\})", r"\1"),
)


class Curl(NamedTuple):
    """One request of the document."""

    method: str
    path: str
    body: str


def curls() -> dict[str, Curl]:
    """Return the requests of the document, by path; the second of one path with a 2 after it."""
    lines = shared(DOCUMENT).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.removeprefix("- ") for line in lines)
    found: dict[str, Curl] = {}
    for match in _CURL.finditer(text):
        path = match["url"].removeprefix(HOST)
        name = path if path not in found else f"{path} 2"
        found[name] = Curl(match["method"], path, match["body"].replace('\\"', '"'))
    return found


def filled(curl: Curl) -> str:
    """Return the body with something in each place that the document leaves open."""
    body = curl.body
    for place, what in PLACEHOLDERS:
        body = re.sub(place, what, body)
    if curl.path in MESSAGES:
        body = re.sub(r"\{\s*\}", json.dumps(MESSAGES[curl.path]), body)
    if "watson" in curl.path:
        body = body.replace('"input":[]', '"input":{"text":"hi"}').replace(
            '"output":[]', '"output":{"text":["yo"]}'
        )
        body = body.replace('"context":[]', '"context":{}')
    return body


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory."""
    async with running() as one:
        yield one


async def send(site: Site, curl: Curl, body: str) -> tuple[int, dict[str, object]]:
    """Send as curl does; return status and answer."""
    headers = {
        "Authorization": f"Token {INGEST_KEY}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    async with site.client.request(
        curl.method, site.url + curl.path, data=body, headers=headers, allow_redirects=False
    ) as answer:
        return answer.status, await answer.json()


def test_all_curls_are_found() -> None:
    """The document has eleven, and none is passed over."""
    text = shared(DOCUMENT).read_text(encoding="utf-8")

    assert set(CURLS) == set(curls())
    assert len(re.findall("--data-binary", text)) == len(CURLS)


@pytest.mark.parametrize("name", CURLS)
async def test_a_curl_is_answered(site: Site, name: str) -> None:
    """With its gaps filled it is answered with 200 and an object, and what it holds is read."""
    curl = curls()[name]
    status, answer = await send(site, curl, filled(curl))

    assert (200, True) == (status, answer.get("success")), answer
    [delivery] = site.log.deliveries
    outcome = read_item(site.items[0], context_of(delivery))
    assert (CURLS[name], []) == ([event.kind for event in outcome.events], outcome.rejections)


@pytest.mark.parametrize("name", CURLS)
async def test_a_curl_as_it_is_printed(site: Site, name: str) -> None:
    """With its gaps it is mostly no JSON or says nothing: 400 then, which says what is wrong; never anything worse."""
    curl = curls()[name]
    status, answer = await send(site, curl, curl.body)

    assert status in (200, 400)
    if not is_json(curl.body):
        assert 400 == status
    if status == 400:
        assert [answer["error_message"]] == answer["errors"]


def test_every_address_is_known() -> None:
    """Below each section stands its address."""
    text = shared(DOCUMENT).read_text(encoding="utf-8")
    paths = set(re.findall(rf"(?:Post|Patch){re.escape(HOST)}(/\S+)", text))

    assert 20 < len(paths)
    assert [] == [path for path in paths if route(path) is None]


def is_json(body: str) -> bool:
    """Tell whether *body* is JSON."""
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError:
        return False
    return True
