"""JSON bodies: what is wrong with one is said with the field at fault."""

from __future__ import annotations

import msgspec
import pytest

from app.web.api.bodies import MOST_BYTES, read_as
from app.web.errors import Fault
from tests.web.site import ADMIN_KEY, running


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A part."""

    count: int


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """A body."""

    name: str
    parts: list[Inner] = []


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        pytest.param(("unknown_field", "nam"), b'{"name": "a", "nam": "b"}', id="unknown"),
        pytest.param(("missing_field", "name"), b"{}", id="missing"),
        pytest.param(("bad_value", "name"), b'{"name": 1}', id="another type"),
        pytest.param(("bad_value", "parts[0].count"), b'{"name": "a", "parts": [{"count": "x"}]}', id="deep"),
        pytest.param(
            ("missing_field", "parts[0].count"), b'{"name": "a", "parts": [{}]}', id="deep, missing"
        ),
        pytest.param(("bad_value", ""), b"[]", id="no object"),
        pytest.param(("not_json", ""), b"{", id="cut off"),
        pytest.param(("not_json", ""), b"", id="nothing"),
        pytest.param(("not_json", ""), b'{"name": "\xff"}', id="no UTF-8"),
        pytest.param(("not_json", ""), b'{"name": "\\ud800x"}', id="half a character"),
        pytest.param(("bad_value", ""), b"[" * 100_000, id="very deep"),
    ],
)
def test_what_is_wrong(expected: tuple[str, str], content: bytes) -> None:
    """Code and field."""
    with pytest.raises(Fault) as caught:
        read_as(content, Wanted)

    assert (400, *expected) == (caught.value.status, caught.value.code, caught.value.field)


async def test_a_body_has_a_limit() -> None:
    """Told in advance or not."""
    content = b'{"email": "' + b"x" * MOST_BYTES + b'"}'

    async def chunks() -> object:
        yield content

    async with running() as site:
        for body in (content, chunks()):
            headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
            async with site.client.post(f"{site.url}/data/v1/people", data=body, headers=headers) as answer:
                assert 413 == answer.status


async def test_a_packed_body_is_refused() -> None:
    """It would be read as garbage."""
    async with running() as site:
        status, answer = await site.post("/data/v1/people", b"{}", ADMIN_KEY, Content_Encoding="gzip")

    assert (415, "encoded") == (status, answer["error"]["code"])
