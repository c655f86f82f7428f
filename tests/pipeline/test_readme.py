"""The README, followed word for word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.stack import Stack
from tests.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.kafka, pytest.mark.clickhouse]

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PLACE = "http://127.0.0.1:8080"


def line(beginning: str) -> list[str]:
    """Return the words of the one line of shell that begins so."""
    lines = [one for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for one in block.splitlines()]
    (found,) = [one for one in lines if one.startswith(beginning)]
    return shlex.split(found, comments=True)


def test_a_start_prints_a_login_that_works(stack: Stack) -> None:
    """And the line to send a first event, for this very address."""
    said = stack.output.read_text(encoding="utf-8")
    email, password = (re.search(rf"{name} +(\S+)", said) for name in ("e-mail", "password"))

    assert f"curl {stack.url}/v1/events" in said
    assert email
    assert password
    login = {"email": email[1], "password": password[1]}
    assert 200 == requests.post(f"{stack.url}/login", json=login, timeout=60).status_code


def test_events_sent_as_it_says_are_counted(stack: Stack) -> None:
    """The bot has an ingest and a read key, the curl line is answered with 200, and seconds later it is in the chart."""
    made = stack.run(*line("botpulse bots create")[1:])
    curl, url, header, key, data, body = line("curl")
    status, answer = stack.call(
        "POST", url.removeprefix(PLACE), key.replace("KEY", made["ingest_key"]).split()[-1], body.encode()
    )

    def counted() -> Any:
        path = f"/data/v1/bots/{made['bot']}/series?measure=messages&window=month"
        return sum(point["value"] for point in stack.get(path, made["read_key"])["points"])

    assert ("curl", "-H", "-d") == (curl, header, data)
    assert (200, 1) == (status, answer["accepted"])
    assert 1 == until(counted, what="the message in the chart")
