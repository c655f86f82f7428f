"""What is an e-mail address."""

from __future__ import annotations

import pytest

from app.adapters.emails import email_address
from app.core.refusal import Refusal


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("ada@example.org", " ada@EXAMPLE.org ", id="usual form"),
        pytest.param("admin@localhost", "admin@localhost", id="the first administrator's"),
        pytest.param("ada@host.local", "ada@host.local", id="in the own network"),
        pytest.param("jörg@bücher.example", "jörg@bücher.example", id="letters of the world"),
    ],
)
def test_addresses(expected: str, text: str) -> None:
    """Also those that only an own network knows."""
    assert expected == email_address(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("ada", id="no sign"),
        pytest.param("ada@", id="no domain"),
        pytest.param("a@b@example.org", id="two signs"),
        pytest.param("Ada <ada@example.org>", id="a name around"),
        pytest.param("ada@example.org\nBcc: all@example.org", id="a header of its own"),
        pytest.param(f"{'a' * 65}@example.org", id="long name"),
        pytest.param("ada@exam ple.org", id="a space"),
    ],
)
def test_what_is_none(text: str) -> None:
    """With the field at fault."""
    refusal = email_address(text)

    assert isinstance(refusal, Refusal)
    assert ("bad_email", "email") == (refusal.code, refusal.field)
