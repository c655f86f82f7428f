"""Secrets of others are cut out before anything is written; everything else keeps its bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dialects import DIALECTS
from app.core.outcome import Reason, Rejection
from app.core.platforms import PLATFORMS
from app.core.redact import COMMON, Prepared, clean, prepare, redact

SECRET = "EAADs3cr3t"


@pytest.mark.parametrize(
    ("platform", "body", "expected", "paths"),
    [
        pytest.param("facebook", {"qs": {"access_token": SECRET}}, {"qs": {}}, ["qs.access_token"], id="page token"),
        pytest.param(
            "facebook",
            {"uri": f"https://graph.facebook.com/me?x=1&access_token={SECRET}&y=2"},
            {"uri": "https://graph.facebook.com/me?x=1&access_token=&y=2"},
            ["uri"],
            id="token in an address",
        ),
        pytest.param(
            "facebook",
            {"responseBody": json.dumps({"access_token": SECRET, "n": 1})},
            {"responseBody": '{"access_token": "", "n": 1}'},
            ["responseBody"],
            id="token in JSON within a string",
        ),
        pytest.param("facebook", {"urls": [f"?access_token%3D{SECRET}"]}, {"urls": ["?access_token%3D"]}, ["urls[0]"], id="escaped"),
        pytest.param("facebook", {"headers": {"Authorization": SECRET}}, {"headers": {}}, ["headers.Authorization"], id="header"),
        pytest.param("facebook", {"a": [{"access_token": SECRET}]}, {"a": [{}]}, ["a[0].access_token"], id="in an array"),
        pytest.param("slack", {"token": SECRET, "team": {"bot": {"token": SECRET}}}, {"team": {"bot": {}}}, ["token", "team.bot.token"], id="slack"),
        pytest.param("slack", {"message": {"reconnect_url": SECRET}}, {"message": {}}, ["message.reconnect_url"], id="slack address"),
        pytest.param("kik", {"apiKey": SECRET}, {}, ["apiKey"], id="kik"),
        pytest.param("microsoft", {"token": SECRET}, {}, ["token"], id="microsoft"),
        pytest.param("generic", {"is_microsoft": True, "token": SECRET}, {"is_microsoft": True}, ["token"], id="old microsoft"),
        pytest.param("viber", {"auth_token": SECRET}, {}, ["auth_token"], id="viber"),
        pytest.param("generic", {"payload": {"fb_token": SECRET}}, {"payload": {}}, ["payload.fb_token"], id="botanalytics"),
        pytest.param("alexa", {"event": {"context": {"System": {"apiAccessToken": SECRET}}}}, {"event": {"context": {"System": {}}}}, ["event.context.System.apiAccessToken"], id="alexa"),
        pytest.param("facebook", {"entry": [{"account_linking": {"authorization_code": SECRET}}]}, {"entry": [{"account_linking": {}}]}, ["entry[0].account_linking.authorization_code"], id="sign-in code"),
        pytest.param("facebook", {"metadata": {"token": "mine"}}, {"metadata": {"token": "mine"}}, [], id="a token of one's own below the root"),
        pytest.param("facebook", {"text": "what is an access_token?"}, {"text": "what is an access_token?"}, [], id="talk about tokens"),
    ],
)  # fmt: skip
def test_secrets(platform: str, body: dict[str, Any], expected: dict[str, Any], paths: list[str]) -> None:
    """Each known secret is cut out by its path, and only that."""
    assert (expected, paths) == redact("dashbot", platform, body)


def _table() -> list[tuple[str, str, str]]:
    common = [("native", "generic", path) for path in COMMON]
    of_ways = [(way, "generic", path) for way, dialect in DIALECTS.items() for path in dialect.secrets]
    of_platforms = [("dashbot", name, path) for name, one in PLATFORMS.items() for path in one.secrets]
    return sorted({*common, *of_ways, *of_platforms})


@pytest.mark.parametrize("path", _table(), ids="/".join)
def test_every_path_of_the_table_is_cut_out_of_raw_bytes(path: tuple[str, str, str]) -> None:
    """No entry of the table is missed by the quick look for names."""
    way, platform, pattern = path
    names = pattern.replace("**.", "a.b.").replace("*", "c").split(".")
    body: Any = SECRET
    for name in reversed(names):
        body = {name: body}
    item, removed = clean(way, platform, json.dumps(body).encode())

    assert [".".join(names)] == removed
    assert SECRET.encode() not in item


def test_an_escaped_name_is_a_name() -> None:
    """However the letters of a name are written, what it names is cut out."""
    item, removed = clean(
        "dashbot", "generic", rb'{"\u0061pi\u004bey":"%b","access\u005Ftoken":"x"}' % SECRET.encode()
    )

    assert (b"{}", ["apiKey", "access_token"]) == (item, removed)


def test_secrets_of_a_platform_that_nobody_knows() -> None:
    """Its bodies are read as generic ones, so what generic bodies hold of secrets is cut out of them."""
    body = {"userId": "u", "platformJson": {"token": SECRET, "a": {"response_url": SECRET}}}

    assert (
        {"userId": "u", "platformJson": {"a": {}}},
        ["platformJson.token", "platformJson.a.response_url"],
    ) == redact("dashbot", "unheard-of", body)


def test_an_item_without_secrets_keeps_its_bytes() -> None:
    """Numbers, escapes and blanks stay as they were written."""
    item = rb'{ "user":"u\u00e9", "attributes":{"n":1.50, "token": "mine"} }'

    assert Prepared(item, []) == prepare("native", "", item)


def test_an_item_that_only_speaks_of_secrets_keeps_its_bytes() -> None:
    """Where the name is there and no secret, nothing is written anew."""
    item = b'{ "user":"u", "text":"access_token?" }'

    assert Prepared(item, []) == prepare("native", "", item)


def test_native_items_lose_page_tokens() -> None:
    """Who hands a platform's request on as attributes does not leave its token here."""
    item = json.dumps({"user": "u", "attributes": {"access_token": SECRET, "n": 1}}).encode()

    assert Prepared(b'{"user":"u","attributes":{"n":1}}', ["attributes.access_token"]) == prepare(
        "native", "", item
    )


def test_prepared_items_are_one_line() -> None:
    """Line breaks between the parts of an item go, those in texts stay escaped."""
    prepared = prepare("native", "", b'{\n "user":\r\n "u", "text": "a\\nb"\n}\n')

    assert Prepared(b'{"user":"u","text":"a\\nb"}', []) == prepared


def test_half_an_emoji_is_mended() -> None:
    """A text that was cut within an emoji is kept with U+FFFD instead of being refused."""
    assert Prepared(rb'{"user":"u","text":"\ufffd"}', []) == prepare(
        "native", "", rb'{"user":"u","text":"\ud83d"}'
    )


@pytest.mark.parametrize(
    ("way", "type", "item", "reason"),
    [
        pytest.param("native", "", b"{\n", Reason.NOT_JSON, id="cut short"),
        pytest.param("native", "", b"\n", Reason.NOT_JSON, id="blank"),
        pytest.param("native", "", b"{}", Reason.MISSING_USER, id="nobody"),
        pytest.param("native", "", b'{"user":"u",\n"x":' + b"[" * 5000, Reason.TOO_DEEP, id="bottomless"),
        pytest.param("pigeon", "", b"{}", Reason.UNKNOWN_DIALECT, id="a way that nobody knows"),
        pytest.param("dashbot", "incoming", b"[]", Reason.NOT_AN_OBJECT, id="array"),
    ],
)
def test_refusals(way: str, type: str, item: bytes, reason: Reason) -> None:
    """What the way in would not read is refused before anything is written."""
    refused = prepare(way, "generic", item, type)

    assert isinstance(refused, Rejection)
    assert reason is refused.reason


@given(
    user=st.text(min_size=1, max_size=5),
    attributes=st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers(), max_size=4),
    indent=st.none() | st.integers(0, 3),
)
def test_prepared_items_mean_the_same(user: str, attributes: dict[str, Any], indent: int | None) -> None:
    """However an item is laid out, what is written is one line with the same content."""
    item = {"user": user, "attributes": attributes}
    prepared = prepare("native", "", json.dumps(item, indent=indent).encode())

    assert isinstance(prepared, Prepared)
    assert item == json.loads(prepared.item)
    assert b"\n" not in prepared.item
