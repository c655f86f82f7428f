"""`hooks` on a real broker: secrets go in, are used, and come out nowhere."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from click.testing import CliRunner, Result

from app.adapters.registry import load
from app.adapters.seal import seal_of
from app.adapters.topics import REGISTRY, ensure_topics
from app.cli import main
from app.config import Settings
from app.core.registry import hook_of
from tests.broker import unique

pytestmark = pytest.mark.kafka

SECRET = "m4rk3r-0f-a-s3cr3t"


@pytest.fixture
def settings(broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A broker with its topics, which the commands find by the environment."""
    ensure_topics(Settings(kafka=broker))
    monkeypatch.setenv("BOTPULSE_KAFKA", broker)
    monkeypatch.setenv("BOTPULSE_HOME", str(tmp_path))
    monkeypatch.setenv("BOTPULSE_PUBLIC_URL", "https://bots.example.org/")
    settings = Settings(kafka=broker, home=tmp_path)
    seal_of(settings)
    return settings


@pytest.fixture
def bot(settings: Settings) -> str:
    """A bot."""
    chosen = unique("bot")
    call("bots", "create", "--name", "Pizza", "--id", chosen)
    return chosen


def run(*words: str, stdin: str | bytes = "") -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(words), input=stdin)


def call(*words: str, stdin: str | bytes = "") -> Any:
    """Run a command that succeeds; return its JSON."""
    done = run(*words, "--json", stdin=stdin)
    assert 0 == done.exit_code, done.output
    assert SECRET not in done.output
    return json.loads(done.stdout)


def refused(*words: str, stdin: str | bytes = "") -> str:
    """Run a command that is refused; return the code."""
    done = run(*words, "--json", stdin=stdin)
    assert 1 == done.exit_code, done.output
    assert SECRET not in done.output
    return str(json.loads(done.stdout)["error"]["code"])


def secrets_of(settings: Settings, bot: str, platform: str) -> list[str]:
    """Return what a web process would compare requests with."""
    return [seal_of(settings).unseal(one) for one in hook_of(load(settings.kafka), bot, platform)]


def test_a_secret_from_a_file(settings: Settings, bot: str, tmp_path: Path) -> None:
    """The secret is there for the platform by its own name, and the address to give is said."""
    path = tmp_path / "signing-secret"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    made = call("hooks", "add", "--bot", bot, "--platform", "facebook-messenger", "--secret-file", str(path))

    assert f"https://bots.example.org/hooks/facebook/{bot}" == made["url"]
    assert [SECRET] == secrets_of(settings, bot, "facebook")
    assert 0o600 == stat.S_IMODE((settings.home / "secrets" / "seal-key").stat().st_mode)


@pytest.mark.parametrize("words", [[], ["--secret-file", "-"]], ids=["nothing named", "a dash"])
def test_a_secret_from_a_pipe(settings: Settings, bot: str, words: list[str]) -> None:
    """It may come by stdin; people read the address, not the secret."""
    done = run("hooks", "add", "--bot", bot, "--platform", "slack", *words, stdin=f"{SECRET}\n")

    assert (0, True, False) == (
        done.exit_code,
        f"/hooks/slack/{bot}" in done.output,
        SECRET in done.output,
    )
    assert [SECRET] == secrets_of(settings, bot, "slack")


def test_rotation(settings: Settings, bot: str) -> None:
    """Two are active until one is revoked; then its sealed text is gone, too."""
    first = call("hooks", "add", "--bot", bot, "--platform", "slack", stdin="one")
    second = call("hooks", "add", "--bot", bot, "--platform", "slack", stdin="two")
    both = secrets_of(settings, bot, "slack")
    call("hooks", "revoke", first["id"])
    listed = call("hooks", "list", "--bot", bot)

    assert (["one", "two"], ["two"]) == (both, secrets_of(settings, bot, "slack"))
    assert [(first["id"], True), (second["id"], False)] == [
        (one["id"], one["revoked_at"] is not None) for one in listed
    ]
    assert {"id", "bot", "platform", "created_at", "revoked_at", "url"} == set(listed[0])
    assert "" == load(settings.kafka).hook_secrets[first["id"]].sealed
    assert "revoked" == refused("hooks", "revoke", first["id"])


def test_history(settings: Settings, bot: str) -> None:
    """Who added and revoked a secret, and why; `call` looks that it is told by nothing."""
    words = ["--bot", bot, "--platform", "slack", "--why", "go live"]
    added = call("hooks", "add", *words, stdin=SECRET)["id"]
    [sealed] = secrets_of(settings, bot, "slack")
    call("hooks", "revoke", added, "--why", "leaked")
    found = call("hooks", "history", added)

    assert [("hook_secret_revoked", "leaked"), ("hook_secret_added", "go live")] == [
        (one["what"], one["why"]) for one in found
    ]
    assert sealed not in str(found)
    assert "unknown_hook_secret" == refused("hooks", "history", "none")


def test_nothing_in_clear_in_kafka(settings: Settings, bot: str) -> None:
    """No record of the registry holds the secret."""
    call("hooks", "add", "--bot", bot, "--platform", "slack", stdin=SECRET)

    records = asyncio.run(_registry(settings.kafka))
    assert (True, False) == (
        any(bot.encode() in one and b"sealed" in one for one in records),
        any(SECRET.encode() in one for one in records),
    )


async def _registry(bootstrap: str) -> list[bytes]:
    partition = TopicPartition(REGISTRY, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[bytes] = []
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(timeout_ms=200)).get(partition, []):
                found.append((record.key or b"") + (record.value or b""))
    finally:
        await consumer.stop()
    return found


def test_a_platform_that_signs_nothing(settings: Settings, bot: str) -> None:
    """Its address ends in the ingest key, no secret is asked for or kept."""
    told = call("hooks", "add", "--bot", bot, "--platform", "lex")

    assert (None, True) == (told["id"], told["url"].endswith(f"/hooks/lex/{bot}/INGEST_KEY"))
    assert [] == call("hooks", "list", "--bot", bot)


@pytest.mark.parametrize(
    ("expected", "platform", "secret"),
    [
        pytest.param("unknown_platform", "nowhere", SECRET, id="platform"),
        pytest.param("no_hook", "skype", SECRET, id="no webhook"),
        pytest.param("bad_secret", "slack", "", id="empty"),
        pytest.param("bad_secret", "slack", f"{SECRET}\nmore", id="two lines"),
        pytest.param("bad_secret", "slack", SECRET * 500, id="too long"),
        pytest.param("bad_secret", "slack", b"\xff\xfe", id="not text"),
    ],
)
def test_what_is_refused(
    settings: Settings, bot: str, expected: str, platform: str, secret: str | bytes
) -> None:
    """What could not be used is not kept, and the refusal does not show it."""
    assert expected == refused("hooks", "add", "--bot", bot, "--platform", platform, stdin=secret)


def test_bots_that_take_nothing(settings: Settings, bot: str) -> None:
    """A bot that is unknown or archived gets no secret."""
    call("bots", "archive", bot)

    assert ["archived", "unknown_bot"] == [
        refused("hooks", "add", "--bot", one, "--platform", "slack", stdin=SECRET) for one in (bot, "nobody")
    ]
    assert "unknown_secret" == refused("hooks", "revoke", "h0")
