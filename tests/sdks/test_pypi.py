"""PyPI `dashbot` 0.0.22 and `botanalytics` 0.2.9, against the running product."""

from __future__ import annotations

import pytest

from tests.sdks.packages import Packages
from tests.sdks.reading import Event, agree, event, rows_of
from tests.stack import Stack

pytestmark = pytest.mark.stack

STEPS: dict[str, list[Event]] = {
    "dashbot generic": [event("generic", "in", "pip in"), event("generic", "out", "pip out")],
    "dashbot alexa": [
        event("alexa", "in", "", "intent", intent="GetWeather"),
        event("alexa", "out", "Sunny", session_id="session-TAG"),
    ],
    "dashbot alexa_vl": [
        event("alexa-vl", "in", "", "intent", "alexa", intent="GetWeather"),
        event("alexa-vl", "out", "Rain", platform="alexa"),
    ],
    "dashbot google": [event("google", "in", "book a table"), event("google", "out", "when?")],
    "dashbot rasa": [
        event("rasa", "in", "hello rasa", intent="greet", message_id="rasa-TAG"),
        event("rasa", "none", "", "system"),
        event("rasa", "out", "hey"),
    ],
    "botanalytics generic": [event("generic", "in", "pip in"), event("generic", "out", "pip out")],
    "botanalytics facebook": [
        event("facebook", "in", "hi", message_id="fb-TAG"),
        event("facebook", "out", "yo"),
        event("facebook", "none", "", "profile"),
    ],
    "botanalytics google": [event("google", "in", "book a table"), event("google", "out", "when?")],
    "botanalytics alexa": [
        event("alexa", "in", "", "intent", intent="GetWeather"),
        event("alexa", "out", "Sunny"),
    ],
    "botanalytics rasa": [
        event("rasa", "in", "hello rasa", intent="greet"),
        event("rasa", "out", "hey"),
        event("rasa", "out", "a human"),
    ],
}


@pytest.mark.parametrize("package", ["dashbot", "botanalytics"])
def test_every_call_becomes_its_events(stack: Stack, packages: Packages, package: str) -> None:
    """Nothing more, nothing less; and the package reports no error."""
    bot = stack.run("bots", "create", "--name", f"pip {package}", "--platform", "generic")
    tag = f"pip-{package}"
    names = [name for name in STEPS if name.startswith(f"{package} ")]
    said = packages.python("vendors.py", package, stack.url, bot["ingest_key"], tag, steps=names)
    wanted = [one for name in names for one in STEPS[name]]

    assert [] == [one for one in said if one["error"] or one["said"]]
    agree(rows_of(stack, bot, len(wanted)), wanted, tag)
