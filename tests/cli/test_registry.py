"""`bots`, `keys` and `send` on a real broker, as a person or a program calls them."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.adapters.registry import load
from app.adapters.topics import ensure_topics
from app.cli import main
from app.config import Settings
from app.core.api_keys import hash_of
from app.core.events import Reporting
from app.registry_setup import ensure_admin
from tests.broker import unique
from tests.raw import deliveries_in

pytestmark = pytest.mark.kafka


@pytest.fixture
def bootstrap(broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A broker with its topics, which the commands find by the environment."""
    ensure_topics(Settings(kafka=broker))
    monkeypatch.setenv("BOTPULSE_KAFKA", broker)
    monkeypatch.setenv("BOTPULSE_HOME", str(tmp_path))
    return broker


def call(*words: str) -> Any:
    """Run a command that succeeds; return its JSON."""
    done = CliRunner().invoke(main, [*words, "--json"])
    assert 0 == done.exit_code, done.output
    return json.loads(done.stdout)


def refused(*words: str) -> str:
    """Run a command that is refused; return the code."""
    done = CliRunner().invoke(main, [*words, "--json"])
    assert 1 == done.exit_code, done.output
    return str(json.loads(done.stdout)["error"]["code"])


def create(**options: str) -> dict[str, str]:
    """Create a bot."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    made: dict[str, str] = call("bots", "create", *words)
    return made


def test_create(bootstrap: str) -> None:
    """A bot has an id from its name, its settings, and two keys of which only hashes are kept."""
    made = create(name="Pizza Bot", platform="facebook", time_zone="Europe/Rome", session_gap="30m")
    state = load(bootstrap)

    assert made["bot"].startswith("pizza-bot-")
    assert Reporting("Europe/Rome", session_gap_s=1800) == state.bots[made["bot"]].reporting
    assert ["ingest", "read"] == [
        state.key_by_hash[hash_of(made[name])].scope for name in ("ingest_key", "read_key")
    ]
    assert made["ingest_key"] not in str(state)


def test_an_id_is_taken_once(bootstrap: str) -> None:
    """A chosen id is the id, and nobody else's."""
    chosen = unique("bot")
    assert chosen == create(name="One", id=chosen)["bot"]

    assert "id_taken" == refused("bots", "create", "--name", "Two", "--id", chosen)


@pytest.mark.parametrize(
    ("expected", "option", "value"),
    [
        pytest.param("bad_zone", "--time-zone", "Mars/Base", id="zone"),
        pytest.param("bad_gap", "--session-gap", "soon", id="gap"),
        pytest.param("bad_id", "--id", "Not An Id", id="id"),
    ],
)
def test_create_refuses(bootstrap: str, expected: str, option: str, value: str) -> None:
    """What cannot be counted by is refused."""
    assert expected == refused("bots", "create", "--name", "x", option, value)


def test_set_and_show(bootstrap: str) -> None:
    """What is named changes and is shown; the reason is in the history."""
    bot = create(name="Pizza", more_platform="slack")["bot"]
    call("bots", "set", bot, "--name", "Pasta", "--confidence-threshold", "0.4", "--why", "new cook")

    shown = call("bots", "show", bot)
    newest, oldest = call("bots", "history", bot)
    assert ("Pasta", 0.4, "UTC", ["slack"]) == tuple(
        shown[name] for name in ("name", "confidence_threshold", "time_zone", "more_platforms")
    )
    assert ("bot_changed", "new cook", ["Pizza", "Pasta"]) == (
        newest["what"],
        newest["why"],
        newest["changed"]["name"],
    )
    assert "bot_created" == oldest["what"]
    assert "unknown_bot" == refused("bots", "show", "nobody")
    assert "unknown_bot" == refused("bots", "history", "nobody")


def test_archive_and_restore(bootstrap: str) -> None:
    """An archived bot is listed as such and takes nothing until it is restored."""
    bot = create(name="Pizza")["bot"]
    call("bots", "archive", bot)
    listed = [one["archived_at"] is not None for one in call("bots", "list") if one["bot"] == bot]
    sent = refused("send", "--bot", bot, "--user", "ada", "--text", "hi")
    restored = call("bots", "restore", bot)

    assert [True] == listed
    assert ("unknown_bot", None) == (sent, restored["archived_at"])


def test_delete(bootstrap: str) -> None:
    """Only an archived bot, and only for whoever names it once more; its id is taken for ever."""
    bot = create(name="Pizza")["bot"]
    in_use = refused("bots", "delete", bot, "--confirm", bot)
    call("bots", "archive", bot)
    unconfirmed = refused("bots", "delete", bot, "--confirm", "no")
    deleted = call("bots", "delete", bot, "--confirm", bot)

    assert ("not_archived", "not_confirmed") == (in_use, unconfirmed)
    assert (2, None) == (deleted["removed"]["keys"], deleted["finished_at"])
    assert deleted == call("bots", "removal", bot)
    assert "id_taken" == refused("bots", "create", "--name", "x", "--id", bot)


def test_keys(bootstrap: str) -> None:
    """A key is made, listed without its text, and revoked."""
    bot = create(name="Pizza")["bot"]
    made = call("keys", "create", "--bot", bot, "--scope", "read")
    listed = CliRunner().invoke(main, ["keys", "list", "--bot", bot, "--json"]).stdout
    call("keys", "revoke", made["id"])

    assert (True, False) == (made["id"] in listed, made["key"] in listed)
    assert load(bootstrap).key_by_hash[hash_of(made["key"])].revoked_at is not None
    assert "needs_bot" == refused("keys", "create", "--scope", "ingest")


def test_keys_are_rotated(bootstrap: str) -> None:
    """The new one has the scope, bot and name of the old one and lasts as long; the old one ends with its grace."""
    bot = create(name="Pizza")["bot"]
    old = call(
        "keys", "create", "--bot", bot, "--scope", "read", "--name", "grafana", "--expires", "2090-01-01"
    )
    new = call("keys", "rotate", old["id"], "--grace-s", "60", "--why", "yearly")
    kept = load(bootstrap).keys

    ends_at = datetime(2090, 1, 1, tzinfo=UTC).timestamp() * 1000
    first, second = kept[old["id"]], kept[new["id"]]
    assert ("read", bot, "grafana") == tuple(new[name] for name in ("scope", "bot", "name"))
    assert second.expires_at == ends_at + second.created_at - first.created_at
    assert kept[old["id"]].expires_at == kept[new["id"]].created_at + 60_000
    assert "unknown_key" == refused("keys", "rotate", "nokey")


def test_the_history_of_keys(bootstrap: str) -> None:
    """Who, when and why, of a key of a bot and of one for all, without its hash; an unknown one is refused."""
    bot = create(name="Past")["bot"]
    of_bot = call("keys", "create", "--bot", bot, "--scope", "read", "--why", "for grafana")
    of_all = call("keys", "create", "--scope", "read")
    call("keys", "revoke", of_bot["id"], "--why", "leaked")
    found = call("keys", "history", of_bot["id"])

    assert [("key_revoked", "leaked"), ("key_created", "for grafana")] == [
        (one["what"], one["why"]) for one in found
    ]
    assert hash_of(of_bot["key"]) not in str(found)
    assert ["key_created"] == [one["what"] for one in call("keys", "history", of_all["id"])]
    assert "unknown_key" == refused("keys", "history", "nokey")


def test_keys_of_channels(bootstrap: str) -> None:
    """A key for Botanalytics v2 carries its channel, where its SDKs look for it, and in the registry."""
    bot = create(name="Pizza")["bot"]
    made = call("keys", "create", "--bot", bot, "--scope", "botanalytics-v2", "--channel", "amazon-alexa")
    payload = made["key"].split(".")[1]

    assert "amazon-alexa" == json.loads(base64.b64decode(payload + "=" * (-len(payload) % 4)))["channel"]
    assert "amazon-alexa" == load(bootstrap).key_by_hash[hash_of(made["key"])].channel
    assert "needs_channel" == refused("keys", "create", "--bot", bot, "--scope", "botanalytics-v2")


async def test_send_without_a_key(bootstrap: str) -> None:
    """Without a key the message is written straight to raw-events, and the command says so."""
    bot = await asyncio.to_thread(lambda: create(name="Pizza")["bot"])
    said = await asyncio.to_thread(call, "send", "--bot", bot, "--user", "ada", "--text", "hi there")

    assert "raw-events" == said["way"]
    [found] = [one for one in await deliveries_in(bootstrap) if one.bot == bot]
    assert {"user": "ada", "text": "hi there", "direction": "in"} == json.loads(bytes(found.items[0]))


def test_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a system the answer is one sentence."""
    monkeypatch.delenv("BOTPULSE_KAFKA", raising=False)
    done = CliRunner().invoke(main, ["bots", "list", "--home", str(tmp_path)])

    assert (1, 1) == (done.exit_code, len(done.stderr.strip().splitlines()))
    assert "botpulse up" in done.stderr


def test_ensure_admin_once(bootstrap: str) -> None:
    """The first call makes an administrator and tells the password; later ones find it."""
    settings = Settings(kafka=bootstrap)
    first, second = ensure_admin(settings), ensure_admin(settings)

    assert None is second
    admins = [person for person in load(bootstrap).people.values() if person.admin]
    assert 1 == len(admins)
    assert first is None or first not in admins[0].password
