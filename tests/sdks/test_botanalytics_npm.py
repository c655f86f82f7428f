"""npm `botanalytics` 2.4 and 2.5 and `@botanalytics/core` 3, against the running product."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sdks.packages import Packages
from tests.sdks.reading import Event, agree, event, rows_of
from tests.stack import Stack

pytestmark = pytest.mark.stack

STEPS: dict[str, list[Event]] = {
    "facebook in": [event("facebook", "in", "hi", message_id="fb-TAG")],
    "facebook out": [event("facebook", "out", "yo")],
    "facebook profile": [event("facebook", "none", "", "profile")],
    "google": [
        event("assistant", "in", "talk to pizza", "session_start", "google"),
        event("assistant", "out", "which pizza?", platform="google"),
    ],
    "dialogflow": [
        event("dialogflow", "in", "margherita", platform="google", intent="order"),
        event("dialogflow", "out", "coming", platform="google"),
    ],
    "alexa": [event("alexa", "in", "", "intent", intent="GetWeather"), event("alexa", "out", "Sunny")],
    "lex": [event("lex", "in", "book hotel", intent="Book"), event("lex", "out", "done")],
    "viber": [
        event("viber", "none", "", "profile"),
        event("viber", "in", "ciao"),
        event("viber", "out", "salve"),
    ],
    "kik": [
        event("kik", "in", "kik in", message_id="kik-TAG"),
        event("kik", "out", "kik out"),
        event("kik", "none", "", "profile"),
    ],
    "microsoft": [
        event("microsoft", "in", "hello", intent="Greet"),
        event("microsoft", "out", "hi yourself"),
    ],
    "slack events": [
        event("slack", "in", "slack in"),
        event("slack", "out", "slack out"),
        event("slack", "in", "", "postback"),
    ],
}
CHANNELS: dict[str, list[Event]] = {
    "universal": [
        event("universal", "in", "hello", intent="greet", conversation_id="conv-TAG"),
        event("universal", "out", "hi there"),
        event("universal", "none", "", "system", event="fallback", not_handled=True),
        event("universal", "in", "", "image"),
        event("universal", "none", "", "custom", event_name="purchase_completed", amount=12.5),
    ],
    "facebook-messenger": [
        event("facebook", "in", "hi", message_id="fb-TAG"),
        event("facebook", "out", "yo"),
        event("facebook", "none", "", "typing"),
    ],
    "amazon-alexa": [event("alexa", "in", "", "intent", intent="GetWeather"), event("alexa", "out", "Sunny")],
    "microsoft-bot-framework": [
        event("microsoft", "in", "hello"),
        event("microsoft", "out", "hi yourself", message_id="m2-TAG"),
    ],
}
STEP_OF = {"facebook-messenger": "facebook", "amazon-alexa": "alexa", "microsoft-bot-framework": "microsoft"}


@pytest.mark.parametrize("package", ["botanalytics-2.5", "botanalytics-2.4"])
def test_every_call_of_version_2_becomes_its_events(stack: Stack, packages: Packages, package: str) -> None:
    """Both packages, every platform class (Slack's are broken in 2.5 itself), no error said."""
    bot = stack.run("bots", "create", "--name", package, "--platform", "generic")
    tag = package.replace(".", "")
    names = [name for name in STEPS if package == "botanalytics-2.4" or name != "slack events"]
    said = packages.node("botanalytics.js", package, stack.url, bot["ingest_key"], tag, steps=names)
    wanted = [one for name in names for one in STEPS[name]]

    assert [] == [one for one in said if one["error"] or one["said"]]
    agree(rows_of(stack, bot, len(wanted)), wanted, tag)


def test_a_wrong_key_is_told_as_the_package_expects(stack: Stack, packages: Packages) -> None:
    """401, which it turns into its own words."""
    (said,) = packages.node(
        "botanalytics.js", "botanalytics-2.5", stack.url, "wrong", "w", steps=["facebook in"]
    )

    assert "Your API token is invalid." in said["error"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_client_of_version_3_becomes_its_events(stack: Stack, packages: Packages, channel: str) -> None:
    """With a key that the client itself has checked, for its channel."""
    bot = stack.run("bots", "create", "--name", channel, "--platform", "generic")
    key: dict[str, Any] = stack.run(
        "keys", "create", "--bot", bot["bot"], "--scope", "botanalytics-v2", "--channel", channel
    )
    said = packages.node(
        "core.js", channel, stack.url, key["key"], channel, steps=[STEP_OF.get(channel, channel)]
    )
    wanted = CHANNELS[channel]

    assert [] == [one for one in said if one["error"] or one["said"]]
    agree(rows_of(stack, bot, len(wanted)), wanted, channel)
