"""Our keys for Botanalytics v2 and the client that looks into them before it sends anything."""

from __future__ import annotations

import random

import pytest

from app.core.channel_keys import channel_key_text
from tests.sdks.packages import Packages

pytestmark = pytest.mark.stack

CHANNELS = ("universal", "facebook-messenger", "amazon-alexa", "microsoft-bot-framework")


@pytest.mark.parametrize("channel", CHANNELS)
def test_two_hundred_keys_are_taken_by_the_client_of_their_channel(packages: Packages, channel: str) -> None:
    """None is refused by npm's `@botanalytics/core`."""
    rng = random.Random(29)
    keys = [channel_key_text(channel, rng.getrandbits(256)) for _ in range(200)]
    [said] = packages.node("keys.js", channel, steps=keys)

    assert (200, []) == (said["made"], said["errors"])


def test_a_key_of_another_channel_is_not(packages: Packages) -> None:
    """The client does look: a key of another channel it refuses."""
    answers = packages.node("keys.js", "universal", steps=[channel_key_text("amazon-alexa", 1)])
    [said] = [one for one in answers if "made" in one]  # what the client logs comes before or after

    assert (0, 1) == (said["made"], len(said["errors"]))
