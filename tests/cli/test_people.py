"""`people` on a real broker, as a person or a program calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from app.adapters.registry import load
from app.adapters.topics import ensure_topics
from app.cli import main
from app.config import Settings
from app.registry_setup import ensure_admin
from app.web.auth import session_key
from app.web.auth.links import find
from tests.broker import unique

pytestmark = pytest.mark.kafka


@pytest.fixture
def bootstrap(broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A broker with its topics, an administrator and a home in which web has run."""
    settings = Settings(kafka=broker, home=tmp_path)
    ensure_topics(settings)
    ensure_admin(settings)
    session_key(settings)
    monkeypatch.setenv("BOTPULSE_KAFKA", broker)
    monkeypatch.setenv("BOTPULSE_HOME", str(tmp_path))
    monkeypatch.setenv("BOTPULSE_PUBLIC_URL", "https://bots.example.org")
    return broker


def call(*words: str) -> Any:
    """Run a command that succeeds; return its JSON."""
    done = CliRunner().invoke(main, ["people", *words, "--json"])
    assert 0 == done.exit_code, done.output
    return json.loads(done.stdout)


def refused(*words: str) -> str:
    """Run a command that is refused; return the code."""
    done = CliRunner().invoke(main, ["people", *words, "--json"])
    assert 1 == done.exit_code, done.output
    return str(json.loads(done.stdout)["error"]["code"])


def test_invited_with_a_link_that_the_web_process_takes(bootstrap: str, tmp_path: Path) -> None:
    """Signed with the key of the same home, leading to the public address."""
    email = f"{unique('ada')}@example.org"
    made = call("invite", email, "--name", "Ada")
    state = load(bootstrap)
    [text] = parse_qs(urlsplit(made["link"]).query)["link"]
    key = session_key(Settings(home=tmp_path))
    found = find(key, text, state, state.people[made["person"]["id"]].created_at)

    assert made["link"].startswith("https://bots.example.org/set-password?link=")
    assert (email, "invited") == (found.email if found else "", made["person"]["state"])


def test_changes_and_their_history(bootstrap: str) -> None:
    """By e-mail; each with its reason."""
    email = f"{unique('bob')}@example.org"
    call("invite", email)
    call("set", email, "--time-zone", "Europe/Rome", "--why", "moved")
    call("disable", email)
    assert "disabled" == refused("link", email)
    call("enable", email)
    past = call("history", email)

    assert ["person_enabled", "person_disabled", "person_changed", "person_invited"] == [
        one["what"] for one in past
    ]
    assert ("moved", ["UTC", "Europe/Rome"]) == (past[2]["why"], past[2]["changed"]["zone"])
    assert call("show", email) in call("list")


def test_roles(bootstrap: str) -> None:
    """Given and taken in a bot."""
    bot, email = unique("bot"), f"{unique('eve')}@example.org"
    CliRunner().invoke(main, ["bots", "create", "--name", "Pizza", "--id", bot])
    call("invite", email, "--bot", bot, "--role", "viewer")
    assert {bot: "owner"} == call("role", email, bot, "owner")["roles"]
    assert [email] == [one["email"] for one in call("list", "--bot", bot)]
    assert {} == call("role", email, bot, "none")["roles"]


def test_removed(bootstrap: str) -> None:
    """And unknown from then on."""
    email = f"{unique('dora')}@example.org"
    call("invite", email)
    call("remove", email)

    assert "unknown_person" == refused("show", email)


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        pytest.param("bad_email", ("invite", "nobody"), id="no address"),
        pytest.param("bad_zone", ("invite", "a@example.org", "--time-zone", "Mars/Base"), id="no zone"),
        pytest.param("unknown_bot", ("invite", "a@example.org", "--bot", "no-such-bot"), id="no bot"),
        pytest.param("unknown_person", ("link", "nobody@example.org"), id="nobody"),
    ],
)
def test_refusals(bootstrap: str, expected: str, words: tuple[str, ...]) -> None:
    """With a code for machines."""
    assert expected == refused(*words)


def test_no_link_without_the_web_processs_key(bootstrap: str, tmp_path: Path) -> None:
    """One made up here would be of no use, so nobody is invited."""
    (tmp_path / "secrets" / "session.key").unlink()
    email = f"{unique('finn')}@example.org"

    assert "no_session_key" == refused("invite", email)
    assert "unknown_person" == refused("show", email)
