"""
Everything a bot does with PyPI `dashbot` and `botanalytics`: `python vendors.py PACKAGE ROOT KEY TAG`.

Prints one JSON line per step, with what the package logged, printed or raised.  Runs with the vendors' packages only.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

PACKAGE, ROOT, KEY, TAG = sys.argv[1:]
os.environ["DASHBOT_SERVER_ROOT"] = ROOT
NOW = int(time.time() * 1000)
ISO = datetime.fromtimestamp(NOW / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017 any Python
failures: list[str] = []


def user(platform: str) -> str:
    return f"{platform}-{TAG}"


ALEXA = {
    "version": "1.0",
    "session": {
        "new": False,
        "sessionId": f"session-{TAG}",
        "application": {"applicationId": "A"},
        "user": {"userId": user("alexa")},
    },
    "context": {"System": {"application": {"applicationId": "A"}, "user": {"userId": user("alexa")}}},
    "request": {
        "type": "IntentRequest",
        "requestId": f"r-{TAG}",
        "timestamp": ISO,
        "locale": "en-US",
        "intent": {"name": "GetWeather", "slots": {}},
    },
}
ASSISTANT = {
    "user": {"userId": user("google")},
    "conversation": {"conversationId": f"conv-{TAG}"},
    "inputs": [{"intent": "actions.intent.TEXT", "rawInputs": [{"query": "book a table"}]}],
}
ASKED = {
    "expectUserResponse": True,
    "expectedInputs": [
        {"inputPrompt": {"richInitialPrompt": {"items": [{"simpleResponse": {"textToSpeech": "when?"}}]}}}
    ],
}


def rasa(kind: str, **more: Any) -> dict[str, Any]:
    return {"event": kind, "sender_id": user("rasa"), "timestamp": NOW / 1000, **more}


def dashbot_generic() -> None:
    from dashbot import generic

    bot = generic.generic(KEY)
    bot.logIncoming({"text": "pip in", "userId": user("generic")})
    bot.logOutgoing(json.dumps({"text": "pip out", "userId": user("generic")}))


def dashbot_alexa() -> None:
    from dashbot import alexa

    bot = alexa.alexa(KEY)
    bot.logIncoming(ALEXA)
    bot.logOutgoing(ALEXA, {"outputSpeech": {"type": "PlainText", "text": "Sunny"}})


def dashbot_alexa_vl() -> None:
    from dashbot import alexa_vl

    bot = alexa_vl.alexa_vl()
    bot.initialize(KEY, ALEXA["session"] | {"user": {"userId": user("alexa-vl")}})
    bot.track("GetWeather", ALEXA["request"] | {"requestId": f"vl-{TAG}"}, bot.generateResponse("Rain"))


def dashbot_google() -> None:
    from dashbot import google

    bot = google.google(KEY)
    bot.logIncoming(ASSISTANT)
    bot.logOutgoing(ASSISTANT, ASKED)


def dashbot_rasa() -> None:
    from dashbot import rasa as vendor

    bot = vendor.rasa(KEY)
    bot.publish(
        rasa(
            "user",
            text="hello rasa",
            message_id=f"rasa-{TAG}",
            input_channel="rest",
            parse_data={"intent": {"name": "greet", "confidence": 0.97}, "entities": []},
        )
    )
    bot.publish(rasa("action", name="action_listen"))
    bot.publish(rasa("action", name="utter_greet", policy="memo", confidence=1.0))
    bot.publish(rasa("bot", text="hey", data={"buttons": None}))


def botanalytics_generic() -> None:
    from botanalytics import generic

    bot = generic.Generic(token=KEY, base_url=f"{ROOT}/v1/", callback=fail)
    for is_bot, text in ((False, "pip in"), (True, "pip out")):
        bot.log(
            {
                "is_sender_bot": is_bot,
                "user": {"id": user("generic"), "name": "Ann"},
                "message": {"text": text, "timestamp": NOW},
            }
        )


def botanalytics_facebook() -> None:
    from botanalytics import facebook

    bot = facebook.FacebookMessenger(
        token=KEY, fb_token="MARKER-facebook-page", base_url=f"{ROOT}/v1/", callback=fail
    )
    entry = {
        "id": "P",
        "time": NOW,
        "messaging": [
            {
                "sender": {"id": user("facebook")},
                "recipient": {"id": "P"},
                "timestamp": NOW,
                "message": {"mid": f"fb-{TAG}", "text": "hi"},
            }
        ],
    }
    bot.log_incoming({"object": "page", "entry": [entry]})
    bot.log_outgoing({"text": "yo"}, user("facebook"))
    bot.log_user_profile({"id": user("facebook"), "first_name": "Ann", "locale": "en_GB"})


def botanalytics_google() -> None:
    from botanalytics import google

    google.GoogleAssistant(token=KEY, base_url=f"{ROOT}/v1/", callback=fail).log(ASSISTANT, ASKED)


def botanalytics_alexa() -> None:
    from botanalytics import amazon

    spoken = {"version": "1.0", "response": {"outputSpeech": {"type": "PlainText", "text": "Sunny"}}}
    amazon.AmazonAlexa(token=KEY, base_url=f"{ROOT}/v1/", callback=fail).log(ALEXA, spoken)


def botanalytics_rasa() -> None:
    from botanalytics import rasa as vendor

    bot = vendor.Rasa(token=KEY, base_url=f"{ROOT}/v1/", callback=fail)
    bot.publish(rasa("slot", name="city", value="Rome"))
    bot.publish(
        rasa(
            "user",
            text="hello rasa",
            message_id=f"rasa-{TAG}",
            parse_data={"intent": {"name": "greet", "confidence": 0.97}, "entities": []},
        )
    )
    bot.publish(rasa("action", name="utter_greet"))
    bot.publish(rasa("bot", text="hey"))
    bot.publish(rasa("agent", text="a human"))


def fail(error: BaseException, reason: object, payload: object) -> None:
    failures.append(f"{error} {reason}")


STEPS: dict[str, Callable[[], None]] = {
    "dashbot generic": dashbot_generic,
    "dashbot alexa": dashbot_alexa,
    "dashbot alexa_vl": dashbot_alexa_vl,
    "dashbot google": dashbot_google,
    "dashbot rasa": dashbot_rasa,
    "botanalytics generic": botanalytics_generic,
    "botanalytics facebook": botanalytics_facebook,
    "botanalytics google": botanalytics_google,
    "botanalytics alexa": botanalytics_alexa,
    "botanalytics rasa": botanalytics_rasa,
}


def main() -> None:
    log, printed = io.StringIO(), io.StringIO()
    logging.basicConfig(stream=log, level=logging.WARNING)
    for step in json.loads(os.environ["SDK_STEPS"]):
        error = ""
        try:
            with contextlib.redirect_stdout(printed):
                STEPS[step]()
        except Exception as raised:  # noqa: BLE001 it is what the test wants to see
            error = repr(raised)
        said = [*log.getvalue().splitlines(), *printed.getvalue().splitlines(), *failures]
        for stream in (log, printed):
            stream.seek(0)
            stream.truncate()
        failures.clear()
        print(json.dumps({"step": step, "error": error, "said": said}))


main()
