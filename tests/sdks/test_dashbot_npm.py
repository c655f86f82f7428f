"""npm `dashbot`, five versions of it, against the running product: every call becomes the event it stands for."""

from __future__ import annotations

import time
from typing import NamedTuple

import pytest

from tests.sdks.packages import Packages
from tests.sdks.reading import Event, agree, event, rows_of
from tests.stack import Stack

pytestmark = pytest.mark.stack

GENERIC = (
    "generic",
    "universal",
    "webchat",
    "botcopy",
    "twitter",
    "recast",
    "sms",
    "skype",
    "viber",
    "wechat",
)
VERSIONS = {
    "dashbot-12": "12.1.0",
    "dashbot-11": "11.1.0",
    "dashbot-10": "10.2.1",
    "dashbot-9": "9.9.2",
    "dashbot-0.8": "0.8.6",
}


class Step(NamedTuple):
    """What a step of dashbot.js must leave, and the packages that do not have it."""

    events: list[Event]
    missing_in: tuple[str, ...] = ()


OLD = ("dashbot-0.8",)
STEPS: dict[str, Step] = {
    "facebook in": Step([event("facebook", "in", "Hi, bot", message_id="in-TAG")]),
    "facebook out": Step([event("facebook", "out", "Hello", message_id="out-TAG", template="right")]),
    "facebook typing": Step([event("facebook", "none", "", "typing")]),
    "facebook all": Step(
        [
            event("facebook", "in", "and both", message_id="all-in-TAG"),
            event("facebook", "out", "sides", message_id="all-out-TAG"),
            event("facebook", "none", "", "read"),
        ]
    ),
    "facebook not handled": Step([event("facebook", "out", "Sorry?", not_handled=True)], OLD),
    "facebook botkit": Step(
        [
            event("botkit", "in", "kit in", platform="facebook"),
            event("botkit", "out", "kit out", platform="facebook"),
        ]
    ),
    "slack connect": Step([]),
    "slack in": Step([event("slack", "in", "slack in")]),
    "slack noise": Step([event("slack", "none", "", kind) for kind in ("control", "presence", "typing")]),
    "slack out": Step([event("slack", "out", "slack out")]),
    "slack out to im": Step([event("slack-im", "out", "first word", platform="slack")]),
    "slack botkit": Step([event("slack-kit", "in", "slack kit", platform="slack")]),
    "kik in": Step([event("kik", "in", "pat me", message_id="kik-TAG", conversation_id="chat9")]),
    "kik receipt": Step([event("kik", "none", "", "read")]),
    "kik send and broadcast": Step(
        [
            event("kik", "out", "kik out"),
            event("kik", "out", "to all"),
            event("kik-two", "out", "to all", platform="kik"),
        ]
    ),
    "google in and out": Step(
        [event("google", "in", "book a table", intent="book"), event("google", "out", "table booked")], OLD
    ),
    "google not handled": Step(
        [event("google", "out", "sorry?", not_handled=True)], ("dashbot-10", "dashbot-9", "dashbot-0.8")
    ),
    "google assistant": Step(
        [
            event("assistant", "in", "talk to pizza", "session_start", "google"),
            event("assistant", "out", "Hi there", platform="google"),
        ],
        OLD,
    ),
    "alexa in": Step([event("alexa", "in", "", "intent", intent="GetWeather", session_id="session-TAG")]),
    "alexa out": Step([event("alexa", "out", "Sunny", session_id="session-TAG")]),
    "alexa handler": Step(
        [
            event("alexa", "in", "", "intent", intent="Mumble"),
            event("alexa", "out", "What?", not_handled=True),
        ],
        OLD,
    ),
    "microsoft middleware": Step(
        [event("microsoft", "in", "hello there", intent="Greet"), event("microsoft", "out", "hi yourself")],
        ("dashbot-10", "dashbot-9", "dashbot-0.8"),
    ),
    "microsoft not handled": Step(
        [event("microsoft", "out", "pardon?", not_handled=True)], ("dashbot-9", "dashbot-0.8")
    ),
    "microsoft deprecated": Step(
        [
            event("old-telegram", side, text, platform="generic")
            for side, text in (("in", "old in"), ("out", "old out"))
        ]
        + [
            event("old-facebook", side, text, platform="facebook")
            for side, text in (("in", "old in"), ("out", "old out"))
        ]
    ),
    "generic family": Step(
        [
            one
            for platform in GENERIC
            for one in (
                event(platform, "in", "in", session_id="s-TAG", intent="ask", locale="en_GB"),
                event(platform, "out", "out", session_id="s-TAG"),
            )
        ],
        OLD,
    ),
    "generic yesterday": Step([event("yesterday", "in", "late", platform="generic")], OLD),
    "generic not handled": Step([event("generic", "out", "what?", not_handled=True)], OLD),
    "message util": Step([event("util", "in", "txt", platform="generic", conversation_id="CONV1")], OLD),
    "events": Step(
        [
            event("events", "none", "", "custom", "generic", event_name=name)
            for name in ("evt", "pageLaunchEvent", "shareEvent", "revenueEvent", "referralEvent")
        ],
        OLD,
    ),
    "line": Step(
        [
            event("line", "in", "line in", platform="generic", message_id="l1-TAG"),
            event("line", "in", "[sticker: 52]", "sticker", "generic", message_id="l2-TAG"),
            event("line", "out", "[image: http://o]", "image", "generic"),
        ],
        ("dashbot-9", "dashbot-0.8"),
    ),
}


@pytest.mark.parametrize("package", VERSIONS)
def test_every_call_becomes_its_event(stack: Stack, packages: Packages, package: str) -> None:
    """Nothing more, nothing less, whichever version of the package sends it; and the package reports no error."""
    bot = stack.run("bots", "create", "--name", package, "--platform", "generic")
    names = [name for name, step in STEPS.items() if package not in step.missing_in]
    began_at = time.time()
    said = packages.node("dashbot.js", package, stack.url, bot["ingest_key"], package, steps=names)
    wanted = [one for name in names for one in STEPS[name].events if _is_known(package, one.platform)]
    found = rows_of(stack, bot, len(wanted))
    ages_h = {row["user_id"]: round((began_at - row["at"]) / 3600) for row in found}

    assert [] == [one for one in said if one["error"] or one["said"]]
    agree(found, wanted, package)
    assert {f"dashbot {VERSIONS[package]}"} == {row["sdk"].rpartition("-")[0] for row in found}
    assert [] == [
        user for user, age_h in ages_h.items() if age_h != (24 if user.startswith("yesterday") else 0)
    ]


def test_revenue_is_counted(stack: Stack, packages: Packages) -> None:
    """The amount of a revenue event reaches the measure `revenue`."""
    bot = stack.run("bots", "create", "--name", "revenue", "--platform", "generic")
    packages.node("dashbot.js", "dashbot-12", stack.url, bot["ingest_key"], "revenue", steps=["events"])
    found = rows_of(stack, bot, 5)

    assert [(17.45, {"referenceNumber": "REF1", "metadata.sku": "a"})] == [
        (row["amount"], {name: row["attributes"].get(name) for name in ("referenceNumber", "metadata.sku")})
        for row in found
        if row["event_name"] == "revenueEvent"
    ]


def test_a_body_that_is_missing_is_refused_as_the_vendor_does(stack: Stack, packages: Packages) -> None:
    """The package prints its validation error and goes on."""
    bot = stack.run("bots", "create", "--name", "nothing", "--platform", "generic")
    (said,) = packages.node("dashbot.js", "dashbot-12", stack.url, bot["ingest_key"], "n", steps=["nothing"])

    assert said["error"] == ""
    assert any("validation error" in line for line in said["said"])


def test_an_unknown_key_is_shown_to_the_user_of_the_package(stack: Stack, packages: Packages) -> None:
    """400, since the package shows nothing else."""
    (said,) = packages.node(
        "dashbot.js", "dashbot-12", stack.url, "bpingestUnknown", "k", steps=["facebook in"]
    )

    assert any("validation error" in line and "not known" in line for line in said["said"])


def _is_known(package: str, platform: str) -> bool:
    absent = {
        "dashbot-11": ("botcopy",),
        "dashbot-10": ("botcopy",),
        "dashbot-9": ("botcopy", "universal", "webchat"),
    }

    return platform not in absent.get(package, ())
