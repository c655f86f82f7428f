"""Keys for Botanalytics v2: what its SDKs look for in them before they send anything."""

from __future__ import annotations

import base64
import json
import re

import jwt
import pytest

from app.core.channel_keys import CHANNELS, channel_key_text


@pytest.mark.parametrize("channel", CHANNELS)
def test_two_hundred_keys_of_each_channel(channel: str) -> None:
    """Every key has the channel in a payload that both base64 alphabets read, and needs no escaping anywhere."""
    keys = [channel_key_text(channel, number * 7**80 % 2**256) for number in range(1, 201)]

    assert 200 == len(set(keys))
    for key in keys:
        header, payload, signature = key.split(".")
        assert re.fullmatch("[A-Za-z0-9]+", header + payload + signature)
        assert len(payload) % 4 != 1
        padded = payload + "=" * (-len(payload) % 4)
        assert channel == json.loads(base64.b64decode(padded, validate=True))["channel"]
        assert {"alg": "HS256", "typ": "JWT"} == json.loads(
            base64.b64decode(header + "=" * (-len(header) % 4))
        )


def test_a_key_is_a_signed_token() -> None:
    """Clients that decode it with a library get its claims, and whoever has the secret can check it."""
    secret = 2**255 + 5
    key = channel_key_text("rasa", secret)

    assert "rasa" == jwt.decode(key, secret.to_bytes(32, "big"), algorithms=["HS256"])["channel"]


def test_the_secret_makes_the_key() -> None:
    """Two keys of one channel have nothing but their channel in common."""
    assert channel_key_text("rasa", 1).rpartition(".")[2] != channel_key_text("rasa", 2).rpartition(".")[2]
