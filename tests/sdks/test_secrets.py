"""Marked secrets through every way in of the running product: afterwards no place holds one, and each holds what it must."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from kafka import KafkaConsumer, TopicPartition

from app.adapters.clickhouse import connect
from app.cli._settings import found
from app.core.channel_keys import CHANNELS
from tests.sdks.marked import Account, Marks, Sent, accepted, refused
from tests.sdks.reading import rows_of
from tests.stack import Stack
from tests.web.signing import SIGNERS

pytestmark = pytest.mark.stack

OFF_LINE = ("alexa", "microsoft")
"""Their signatures are checked with documents of the vendors, which a test does not fetch."""
BOTMETRICS = ("facebook", "kik", "slack")


class Marked(NamedTuple):
    """What was sent to the running product."""

    stack: Stack
    marks: Marks
    bot: dict[str, Any]
    others: list[dict[str, Any]]
    answers: list[tuple[Sent, int, bytes]]


@pytest.fixture(scope="module")
def marked(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Marked:
    """Everything sent and answered, stored and at rest."""
    bot, *others = (
        stack.run("bots", "create", "--name", f"marked {name}", "--platform", name)
        for name in ("generic", *BOTMETRICS)
    )
    marks = Marks(bot["bot"])
    account = _account(stack, bot, others, marks, tmp_path_factory.mktemp("secrets"))
    answers = [(one, *_send(stack.url, one)) for one in (*accepted(marks, account), *refused(marks, account))]
    for one in (bot, *others):
        rows_of(stack, one, 1)

    return Marked(stack, marks, bot, others, answers)


def _account(
    stack: Stack, bot: dict[str, Any], others: list[dict[str, Any]], marks: Marks, folder: Path
) -> Account:
    platforms = [name for name in SIGNERS if name not in OFF_LINE]
    hooks = {name: SIGNERS[name].secret(marks.secret(f"hook {name}")) for name in platforms}

    def add(name: str) -> None:
        file = folder / name
        file.write_text(hooks[name])
        stack.run("hooks", "add", "--bot", bot["bot"], "--platform", name, "--secret-file", str(file))

    def channel_key(channel: str) -> str:
        words = ("--bot", bot["bot"], "--scope", "botanalytics-v2", "--channel", channel)
        return str(stack.run("keys", "create", *words)["key"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, platforms))
        keys = dict(zip(CHANNELS, pool.map(channel_key, CHANNELS), strict=True))
    for one in (bot, *others):
        marks.key(one["ingest_key"], f"ingest key of {one['bot']}")
        marks.key(one["read_key"], f"read key of {one['bot']}")
    for channel, key in keys.items():
        marks.key(key, f"key of {channel}")
    of_platform = {
        name: (one["bot"], one["ingest_key"]) for name, one in zip(BOTMETRICS, others, strict=True)
    }
    now_ms = time.time_ns() // 1_000_000

    return Account(stack.url, bot["bot"], bot["ingest_key"], of_platform, keys, hooks, now_ms)


def _send(root: str, one: Sent) -> tuple[int, bytes]:
    """Send a request as it is; return status, and head and body of the answer."""
    connection = http.client.HTTPConnection(urlsplit(root).netloc, timeout=60)
    try:
        connection.request(one.method, one.path, one.body or None, one.headers)
        answer = connection.getresponse()
        return answer.status, str(answer.headers).encode() + answer.read()
    finally:
        connection.close()


def _clean(marks: Marks, contents: dict[str, bytes]) -> None:
    """Fail on every place that holds a secret."""
    assert {} == {place: held for place, content in contents.items() if (held := marks.secrets_in(content))}


def test_every_request_is_answered_as_it_should_be(marked: Marked) -> None:
    """What is to be kept was taken, what is refused was refused: else nothing below would mean anything."""
    wrong = [
        f"{one.what}: {one.method} {one.path} {status} {answer[-200:]!r}"
        for one, status, answer in marked.answers
        if status not in one.wanted
    ]

    assert [] == wrong
    assert 1000 < len(marked.marks.secrets)


def test_no_answer(marked: Marked) -> None:
    """No answer gives back a secret, neither of what was taken nor of what was refused."""
    _clean(marked.marks, {f"{one.what} {n}": answer for n, (one, _, answer) in enumerate(marked.answers)})


def test_no_topic(marked: Marked) -> None:
    """No record of any topic, decompressed; raw-events and bot-events hold every text."""
    topics = _topics(marked.stack)
    kept = set(marked.marks.kept.values())

    _clean(marked.marks, topics)
    # within RBM's bodies there is base64
    packed = {what for what in kept if what.startswith("webhook rbm")}
    letters = {what for what in kept if what.endswith("dead letter")}
    assert set() == kept - packed - set(marked.marks.kept_in(topics["raw-events"]))
    assert set() == kept - letters - set(marked.marks.kept_in(topics["bot-events"]))
    assert letters == set(marked.marks.kept_in(topics["dead-letters"])) & letters


def _topics(stack: Stack) -> dict[str, bytes]:
    consumer = KafkaConsumer(
        bootstrap_servers=str(found(home=stack.home).kafka), enable_auto_commit=False, group_id=None
    )
    try:
        return {name: b"\n".join(_records(consumer, name)) for name in sorted(consumer.topics())}
    finally:
        consumer.close()


def _records(consumer: KafkaConsumer, topic: str) -> Iterator[bytes]:
    partitions = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic) or ()]
    ends = consumer.end_offsets(partitions)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    while any(consumer.position(one) < ends[one] for one in partitions):
        for batch in consumer.poll(timeout_ms=500).values():
            for record in batch:
                yield from (record.key or b"", record.value or b"", *(value for _, value in record.headers))


def test_no_file(marked: Marked) -> None:
    """No file of the home, be it the broker's, the engine's, a log or a secret of ours; nor what `up` printed."""
    home, marks = marked.stack.home, marked.marks
    files = {str(path.relative_to(home)): _bytes(path) for path in sorted(home.rglob("*")) if path.is_file()}
    files["output of up"] = marked.stack.output.read_bytes()

    _clean(marks, files)
    for part in ("kafka", "engine"):
        of_part = b"\n".join(content for name, content in files.items() if name.startswith(f"{part}/"))
        # compressed files hold some words in pieces
        assert len(marks.kept) / 2 < len(marks.kept_in(of_part)), part
    assert [] != [name for name in files if name.startswith("logs/")]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # merged away meanwhile
        return b""


def test_no_table(marked: Marked) -> None:
    """No column of any table or view as text; the events hold every text."""
    tables = _tables(marked.stack)
    letters = {what for what in marked.marks.kept.values() if what.endswith("dead letter")}

    _clean(marked.marks, tables)
    assert set() == set(marked.marks.kept.values()) - letters - set(marked.marks.kept_in(tables["events"]))
    assert letters == set(marked.marks.kept_in(tables["dead_letter_rows"])) & letters


def _tables(stack: Stack) -> dict[str, bytes]:
    with connect(found(home=stack.home)) as client:
        names = [
            name
            for (name,) in client.execute("SELECT name FROM system.tables WHERE database = currentDatabase()")
        ]
        return {name: repr(client.execute(f"SELECT * FROM `{name}`")).encode() for name in sorted(names)}


@pytest.mark.parametrize("layout", ["ndjson", "csv"])
def test_no_export(marked: Marked, layout: str) -> None:
    """No file that `botpulse export` writes, of either format; the bot's texts are in it."""
    contents = {
        one["bot"]: _printed(marked.stack, "export", "--bot", one["bot"], "--format", layout)
        for one in (marked.bot, *marked.others)
    }

    _clean(marked.marks, contents)
    assert {"native", "dashbot slack", "v2 universal"} <= set(
        marked.marks.kept_in(contents[marked.bot["bot"]])
    )


def test_no_dead_letter(marked: Marked) -> None:
    """Neither the list of dead letters nor one of them in full; what was not understood is in it."""
    letters = json.loads(
        _printed(
            marked.stack, "dead-letters", "list", "--bot", marked.bot["bot"], "--limit", "1000", "--json"
        )
    )
    shown = [_printed(marked.stack, "dead-letters", "show", one["id"], "--json") for one in letters]

    _clean(marked.marks, {"list": json.dumps(letters).encode(), "one": b"\n".join(shown)})
    assert "webhook line dead letter" in marked.marks.kept_in(b"\n".join(shown))


def _printed(stack: Stack, *words: str) -> bytes:
    command = [sys.executable, "-m", "app.cli", *words, "--home", str(stack.home)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

    return done.stdout


def test_no_answer_of_the_read_api(marked: Marked) -> None:
    """Neither events nor users nor a query; the bot's texts are in each."""
    stack, bot = marked.stack, marked.bot
    base = f"/data/v1/bots/{bot['bot']}"
    query = {"query": f"SELECT * FROM bot_events WHERE bot_id = '{bot['bot']}'"}
    contents = {
        "events": stack.get(f"{base}/events?limit=1000", bot["read_key"]),
        "users": stack.get(f"{base}/users?limit=1000", bot["read_key"]),
        "sql": stack.call("POST", "/data/v1/sql", bot["read_key"], query)[1],
        "pipeline": stack.get("/data/v1/pipeline", bot["read_key"]),
        "metrics": _send(stack.url, Sent("", "GET", "/metrics", b"", {}))[1].decode(),
    }
    packed = {name: json.dumps(content).encode() for name, content in contents.items()}

    _clean(marked.marks, packed)
    assert "native" in marked.marks.kept_in(packed["events"])
    assert "native user" in marked.marks.kept_in(packed["users"])
    assert "native" in marked.marks.kept_in(packed["sql"])


def test_explaining_names_secrets_and_shows_none(marked: Marked) -> None:
    """`removed` says where they stood."""
    marks = Marks("explained")
    body = {"userId": "U", "text": marks.text("explained"), "qs": {"access_token": marks.secret("explained")}}  # fmt: skip
    asked = "/data/v1/explain?way=dashbot&platform=generic&type=incoming"
    status, answer = marked.stack.call("POST", asked, marked.bot["read_key"], body)

    assert (200, ["qs.access_token"]) == (status, answer["removed"])
    assert [] == marks.secrets_in(json.dumps(answer).encode())
    assert "explained" in marks.kept_in(json.dumps(answer).encode())
