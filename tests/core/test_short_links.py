"""Short links: where they may lead, and what names them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.refusal import Refusal
from app.core.registry import ShortLink, State
from app.core.short_links import create_short_link, location_of, slug_of


def _made(url: str) -> ShortLink | Refusal:
    return create_short_link(State(), ShortLink("s", "pizza", "ada", url, 1))


@pytest.mark.parametrize(
    "url",
    ["http://a", "https://example.org/x?y=z#w", "HTTPS://example.org", "https://example.org:8443/", "https://[::1]/x", "https://bücher.example/ü"],
)  # fmt: skip
def test_web_addresses(url: str) -> None:
    """A link may lead anywhere on the web."""
    assert isinstance(_made(url), ShortLink)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("example.org", id="no scheme"),
        pytest.param("/to/x", id="a path"),
        pytest.param("//example.org", id="another host"),
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("data:text/html,x", id="data"),
        pytest.param("ftp://example.org", id="ftp"),
        pytest.param("https://", id="no host"),
        pytest.param("https:///example.org", id="three slashes"),
        pytest.param("https://good.example@evil.example/", id="a user"),
        pytest.param("https://good.example\\@evil.example", id="backslash"),
        pytest.param("https://exa\nmple.org", id="line break"),
        pytest.param(" https://example.org", id="blank"),
        pytest.param("https://example.org:port/", id="no port"),
        pytest.param("https://[example/", id="half a bracket"),
        pytest.param("https://example.org/" + "x" * 2048, id="long"),
    ],
)
def test_no_web_addresses(url: str) -> None:
    """Nothing leads out of the web, or to another host than a person reads."""
    refusal = _made(url)

    assert isinstance(refusal, Refusal)
    assert "bad_url" == refusal.code


@given(st.text(), st.text(), st.text())
def test_slugs(bot: str, user: str, url: str) -> None:
    """A slug is always the same for the same three, and another if any of them is moved."""
    slug = slug_of(bot, user, url)

    assert re.fullmatch("[0-9a-z]{16}", slug)
    assert slug == slug_of(bot, user, url)
    assert slug != slug_of(bot, user + "x", url)
    assert slug != slug_of(bot + "x", user, url)
    assert slug_of("a", "bc", "") != slug_of("ab", "c", "")


def test_headers_hold_ascii() -> None:
    """What is not ASCII is escaped in a header; what is escaped already stays so."""
    assert "https://example.org/%C3%BC?a=%20b" == location_of("https://example.org/ü?a=%20b")
