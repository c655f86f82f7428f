"""The session of docs/registry.md, followed line by line on the whole product."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.stack import Stack
from tests.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.kafka, pytest.mark.clickhouse]

PAGE = (Path(__file__).parents[2] / "docs/registry.md").read_text(encoding="utf-8")
RECEIVER = "http://127.0.0.1:9000/alerts"
ASSIGNMENT = re.compile(r"(\w+)=(.*)")
TAKEN = re.compile(r"\$\((.*) \| jq -r \.(\S+)\)")

Answer = Callable[[Any], Any]

EXPECTED: dict[str, Answer] = {
    "dashboards/preview": lambda said: (2, 1, 1) == (said["events"], said["hits"], said["users"]),
    "POST $URL/data/v1/bots/pizza/dashboards/$REFUNDS/backfill": lambda said: said["state"] in ("waiting", "running"),
    "curl -s $URL/data/v1/bots/pizza/dashboards/$REFUNDS/backfill": lambda said: ("done", 1) == (said["state"], said["hits"]),
    "window=week": lambda said: ("Asia/Kathmandu", 4) == (said["zone"], sum(point["value"] for point in said["points"])),
    "&window=day": lambda said: 1 == sum(point["value"] for point in said["points"]),
    "$REFUNDS/users": lambda said: ["ada"] == [one["user_id"] for one in said["users"]],
    '"channels"': lambda said: [RECEIVER] == [one["to"] for one in said["secrets"]],
    "$ALERT/test": lambda said: [200] == [one["status"] for one in said["channels"]],
    "refund!!": lambda said: 3 == said["accepted"],
    "$URL/data/v1/bots/pizza/alerts/$ALERT -H": lambda said: "firing" == said["phase"],
    "$ALERT/deliveries": lambda said: ["delivered"] == [one["state"] for one in said["deliveries"]],
    "$KEY/rotate": lambda said: said["key"].startswith("bpingest"),
    "the team moved": lambda said: "Asia/Kathmandu" in (said["time_zone"], (said["recounting"] or said)["time_zone"]),
    "curl -s $URL/data/v1/bots/pizza -H": lambda said: ("Asia/Kathmandu", None) == (said["time_zone"], said["recounting"]),
    "a better name": lambda said: "Refunds and complaints" == said["name"],
    "$REFUNDS/history": lambda said: ["a better name", "support asked for it"] == [one["why"] for one in said["history"] if one["why"]],
    "I want a refund": lambda said: 2 == said["accepted"],
}  # fmt: skip
"""What each line whose answer is shown is answered, in the end, by a part of the line."""


def lines() -> list[str]:
    """Return the lines of the session."""
    [block] = re.findall(r"## A session.*?```sh\n(.*?)```", PAGE, re.DOTALL)
    return [line for line in block.splitlines() if line and not line.startswith("#")]


class Session:
    """Does what a shell with curl and jq does, as far as the page needs it."""

    def __init__(self, stack: Stack, receiver: str) -> None:
        self.stack = stack
        self.receiver = receiver
        self.variables: dict[str, str] = {}

    def do(self, line: str) -> Any:
        """Run one line and return its answer; what goes into a variable is none."""
        assigned = ASSIGNMENT.fullmatch(line)
        if assigned is None:
            return self._answer(line)
        name, value = assigned.groups()
        taken = TAKEN.fullmatch(value)
        if name == "URL":
            self.variables[name] = self.stack.url
        else:
            assert taken, line
            self.variables[name] = str(field_of(self._answer(taken[1]), taken[2]))
        return None

    def _answer(self, command: str) -> Any:
        whole = re.sub(r"\$(\w+)", lambda found: self.variables[found[1]], command)
        program, *words = shlex.split(whole.replace(RECEIVER, self.receiver))
        if program == "botpulse":
            return self.stack.run(*(word for word in words if word != "--json"))
        assert program == "curl"
        return self._curl(words)

    def _curl(self, words: list[str]) -> Any:
        options: dict[str, str] = {}
        while words[0].startswith("-"):
            words = self._take(words, options)
        url = words[0]
        words = words[1:]
        while words:
            words = self._take(words, options)
        method = options.get("-X", "POST" if "-d" in options else "GET")
        key = options["-H"].removeprefix("Authorization: Bearer ")
        body = options.get("-d")
        status, answer = self.stack.call(
            method, url.removeprefix(self.stack.url), key, body.encode() if body else None
        )
        assert status < 300, answer
        return answer

    def _take(self, words: list[str], options: dict[str, str]) -> list[str]:
        if words[0] == "-s":
            return words[1:]
        assert words[0] in ("-X", "-H", "-d"), words
        options[words[0]] = words[1]
        return words[2:]


def field_of(answer: Any, path: str) -> Any:
    """Return what jq finds at `keys[0].id`."""
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path):
        answer = answer[name] if name else answer[int(index)]
    return answer


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[bytes, dict[str, str]]]]]:
    """Somebody who takes webhooks: the address, and what came."""
    got: list[tuple[bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alerts", got
    server.shutdown()
    server.server_close()


def test_the_session_is_true(stack: Stack, receiver: tuple[str, list[tuple[bytes, dict[str, str]]]]) -> None:
    """Every line is answered as it should be, and the webhook comes, signed with the secret that was told."""
    address, got = receiver
    session = Session(stack, address)
    secret, left = "", set(EXPECTED)
    for line in lines():
        [wanted] = [part for part in EXPECTED if part in line and not ASSIGNMENT.fullmatch(line)] or [""]
        left.discard(wanted)
        said = done(session, line, EXPECTED.get(wanted), address)
        if '"channels"' in line:
            secret = said["secrets"][0]["secret"]

    types = [json.loads(Webhook(secret).verify(body, headers) and body)["type"] for body, headers in got]
    assert set() == left
    assert ["alert.test", "alert.firing"] == types


def done(session: Session, line: str, is_expected: Answer | None, address: str) -> Any:
    """Return the answer to *line*; what only reads is asked again until it is as expected."""
    reads = " -d " not in line and " -X " not in line
    found: list[Any] = []

    def look() -> bool:
        text = json.dumps(session.do(line)).replace(address, RECEIVER)
        found[:] = [json.loads(text)]
        return is_expected is None or bool(is_expected(found[0]))

    if reads or "preview" in line:
        until(look, 120, what=line)
    else:
        assert look(), found
    return found[0]
