"""The text of keys and what is kept of it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.core.api_keys import SCOPES, hash_of, key_text
from app.core.registry import Scope


@given(st.sampled_from(SCOPES), st.integers(0, 2**256 - 1))
def test_key_text(scope: Scope, bits: int) -> None:
    """A key has only letters and digits, since some SDKs do not encode it, and shows its scope."""
    assert re.fullmatch(rf"bp{scope}[0-9A-Za-z]{{32}}", key_text(scope, bits))


def test_key_text_uses_the_bits() -> None:
    """Other bits are another key, and another hash."""
    assert hash_of(key_text("read", 1)) != hash_of(key_text("read", 2))
