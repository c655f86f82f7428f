"""`dashboards`, `alerts` and `registry` on a real broker, as a person or a program calls them."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from app.adapters.registry import KafkaRegistry, load
from app.adapters.seal import FernetSeal, seal_of
from app.adapters.topics import ensure_topics
from app.cli import main
from app.config import Settings
from app.core.refusal import Refusal
from app.ports import Refused
from tests.broker import own_broker, unique

pytestmark = pytest.mark.kafka

RULE = 'direction = in and text ~ "refund|money back"'


@pytest.fixture
def settings(broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A broker with its topics, which the commands find by the environment."""
    return found_by(broker, tmp_path, monkeypatch)


def found_by(broker: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Let commands find *broker*."""
    ensure_topics(Settings(kafka=broker))
    monkeypatch.setenv("BOTPULSE_KAFKA", broker)
    monkeypatch.setenv("BOTPULSE_HOME", str(home))
    settings = Settings(kafka=broker, home=home)
    seal_of(settings)
    return settings


@pytest.fixture
def bot(settings: Settings) -> str:
    """A bot."""
    chosen = unique("bot")
    call("bots", "create", "--name", "Pizza", "--id", chosen)
    return chosen


def run(*words: str, stdin: str = "") -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(words), input=stdin)


def call(*words: str, stdin: str = "") -> Any:
    """Run a command that succeeds; return its JSON."""
    done = run(*words, "--json", stdin=stdin)
    assert 0 == done.exit_code, done.output
    return json.loads(done.stdout)


def refused(*words: str, stdin: str = "") -> str:
    """Run a command that is refused; return the code."""
    done = run(*words, "--json", stdin=stdin)
    assert 1 == done.exit_code, done.output
    return str(json.loads(done.stdout)["error"]["code"])


def test_dashboards(bot: str) -> None:
    """Made by a rule in either form, shown in both, changed, removed, with a history."""
    made = call("dashboards", "create", "--bot", bot, "--name", "Refunds", "--rule", RULE)
    as_json = call(
        "dashboards",
        "create",
        "--bot",
        bot,
        "--name",
        "In",
        "--rule",
        '{"field": "direction", "value": "in"}',
    )
    changed = call("dashboards", "set", made["id"], "--rule", "direction = out", "--why", "turned round")
    listed = call("dashboards", "list", "--bot", bot)
    call("dashboards", "remove", as_json["id"])

    assert (RULE, "direction = in") == (made["text"], as_json["text"])
    assert ("direction = out", 2) == (changed["text"], changed["version"])
    assert {made["id"], as_json["id"]} <= {one["id"] for one in listed}
    assert changed == call("dashboards", "show", made["id"])
    assert ["dashboard_changed", "dashboard_created"] == [
        one["what"] for one in call("dashboards", "history", made["id"])
    ]
    assert "unknown_dashboard" == refused("dashboards", "show", as_json["id"])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param("bad_rule", ["--rule", "direction is in"], id="rule"),
        pytest.param("bad_rule", ["--rule", "{nonsense"], id="JSON"),
        pytest.param("bad_rule", [], id="none"),
        pytest.param("unknown_measure", ["--measure", "nonsense"], id="measure"),
    ],
)
def test_dashboards_refused(bot: str, code: str, words: list[str]) -> None:
    """With words on stderr and exit code 1."""
    assert code == refused("dashboards", "create", "--bot", bot, "--name", "x", *words)


def test_alerts(settings: Settings, bot: str) -> None:
    """Made with a webhook whose secret is shown once, changed, removed, with a history and a log of what was sent."""
    words = [
        "--measure",
        "messages_in",
        "--window",
        "10m",
        "--when",
        "below 1",
        "--webhook",
        "https://example.org/a",
    ]
    made = call("alerts", "create", "--bot", bot, "--name", "Silence", *words, "--email", "ops@example.org")
    changed = call(
        "alerts", "set", made["id"], "--when", "falls_by 50 against week", "--off", "--why", "too loud"
    )
    kept = load(settings.kafka).alerts[made["id"]]
    listed = call("alerts", "list", "--bot", bot)
    sent = call("alerts", "deliveries", made["id"])
    call("alerts", "remove", made["id"])

    assert made["secrets"]["https://example.org/a"] == seal_of(settings).unseal(kept.channels[0].sealed)
    assert (600, {"op": "below", "threshold": 1.0}) == (made["window_s"], made["condition"])
    assert ("week", False, {}) == (changed["condition"]["against"], changed["enabled"], changed["secrets"])
    assert ([made["id"]], []) == ([one["id"] for one in listed], sent)
    assert ["alert_removed", "alert_changed", "alert_created"] == [
        one["what"] for one in call("alerts", "history", made["id"])
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param("bad_condition", ["--measure", "events", "--when", "more than 3"], id="condition"),
        pytest.param("bad_measure", ["--measure", "nonsense", "--when", "above 3"], id="measure"),
        pytest.param(
            "bad_time", ["--measure", "events", "--when", "above 3", "--window", "soon"], id="window"
        ),
        pytest.param(
            "bad_window", ["--measure", "events", "--when", "above 3", "--window", "10s"], id="short"
        ),
        pytest.param(
            "bad_address", ["--measure", "events", "--when", "above 3", "--email", "nobody"], id="address"
        ),
    ],
)
def test_alerts_refused(bot: str, code: str, words: list[str]) -> None:
    """What cannot be watched or told."""
    assert code == refused("alerts", "create", "--bot", bot, "--name", "x", *words)


def test_nothing_is_set_to_nothing(bot: str) -> None:
    """What is empty is read like anything else, and refused with a reason; it is not taken for left out."""
    dashboard = call("dashboards", "create", "--bot", bot, "--name", "D", "--rule", RULE)["id"]
    watched = ["--measure", "events", "--when", "above 3"]
    alert = call("alerts", "create", "--bot", bot, "--name", "A", *watched)["id"]

    assert "bad_condition" == refused("alerts", "set", alert, "--when", "")
    assert "bad_rule" == refused("dashboards", "set", dashboard, "--rule", "")


def test_a_file_in_a_folder_that_is_not_there(bot: str, tmp_path: Path) -> None:
    """The folder is named."""
    done = run("registry", "export", str(tmp_path / "none" / "x.yaml"))

    assert 1 == done.exit_code
    assert f"There is no folder {tmp_path / 'none'};" in done.stderr


@pytest.mark.parametrize("group", ["keys", "hooks", "people", "dashboards", "alerts"])
def test_lists_of_a_bot_that_is_not_there(bot: str, group: str) -> None:
    """Are refused, not empty."""
    assert "unknown_bot" == refused(group, "list", "--bot", f"not-{bot}")


def test_wrong_usage(bot: str) -> None:
    """Exit code 2."""
    for words in (
        ["dashboards", "create"],
        ["alerts", "set", "a1"],
        ["dashboards", "set", "d1"],
        ["bots", "set", "b1"],
    ):
        assert 2 == run(*words).exit_code, words


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "there already"])
def test_the_file_is_for_nobody_else(settings: Settings, tmp_path: Path, is_there: bool) -> None:
    """Addresses of webhooks are in it, also without secrets, and also when others could read what was there."""
    file = tmp_path / "registry.yaml"
    if is_there:
        file.write_text("# old")
        file.chmod(0o644)
    call("registry", "export", str(file))

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert "botpulse: 1" in file.read_text(encoding="utf-8")


def test_from_one_registry_into_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes out of one broker goes into an empty one, and out of that comes the same file."""
    first, second, third = (tmp_path / name for name in ("first.yaml", "second.yaml", "third.yaml"))
    with own_broker(tmp_path / "one") as broker:
        found_by(broker, tmp_path, monkeypatch)
        call("bots", "create", "--name", "Pizza", "--id", "pizza", "--platform", "slack")
        made = call("dashboards", "create", "--bot", "pizza", "--name", "Refunds", "--rule", RULE)
        call("alerts", "create", "--bot", "pizza", "--name", "Many", "--measure", f"dashboard:{made['id']}", "--when", "above 3", "--webhook", "https://example.org/a")  # fmt: skip
        call("hooks", "add", "--bot", "pizza", "--platform", "slack", stdin="s3cr3t")
        call("registry", "export", str(first), "--with-secrets")
    with own_broker(tmp_path / "two") as broker:
        found_by(broker, tmp_path, monkeypatch)
        dry = call("registry", "import", str(first), "--dry-run")
        nothing = call("bots", "list")
        done = call("registry", "import", str(first), "--why", "moved")
        again = call("registry", "import", str(first), "--prune")
        call("registry", "export", str(second), "--with-secrets")
        refusal = edited_and_refused(first, third)
        shown = run("registry", "export", "-")

    text = first.read_text(encoding="utf-8")
    assert text == second.read_text(encoding="utf-8")
    assert ([], [], dry["changes"]) == (nothing, again["changes"], done["changes"])
    assert 0o600 == stat.S_IMODE(first.stat().st_mode)
    assert ("s3cr3t" in text, RULE in text) == (False, True)
    assert "sealed" not in shown.stdout
    assert "bots.pizza.dashboards" in refusal


def edited_and_refused(file: Path, other: Path) -> str:
    """Return what is said of a file with a field that nobody knows."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    next(iter(content["bots"]["pizza"]["dashboards"].values()))["colour"] = "red"
    other.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = run("registry", "import", str(other))
    assert 1 == done.exit_code
    return done.stderr


def test_an_import_that_ends_halfway_tells_what_it_did(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secrets of what was made are shown, as nobody can ask for them later, and the rest is said to be missing."""
    first, second = unique("bot"), unique("bot")
    alert = {"name": "Many", "measure": "events", "op": "above", "threshold": 3, "channels": [{"kind": "webhook", "to": "https://example.org/b"}]}  # fmt: skip
    alerts = {name: {unique("a"): alert} for name in (first, second)}
    file = {"botpulse": 1, "bots": {name: {"name": name, "alerts": alerts[name]} for name in (first, second)}}
    change = KafkaRegistry.change

    async def away(registry: KafkaRegistry, decide: Any, who: str, why: str = "") -> Any:
        if first in registry.state.bots:
            raise Refused(Refusal("conflict", "somebody else was faster"))
        return await change(registry, decide, who, why)

    monkeypatch.setattr(KafkaRegistry, "change", away)
    done = run("registry", "import", "-", "--json", stdin=json.dumps(file))
    told, error = map(json.loads, done.stdout.splitlines())

    assert (1, "conflict") == (done.exit_code, error["error"]["code"])
    assert ("part", {first}) == (told["applied"], {one["bot"] for one in told["changes"]})
    assert list(alerts[first]) == list(told["secrets"])


@pytest.mark.parametrize("sealed", ["in clear", "of another key"])
def test_what_is_not_sealed_by_our_key_is_refused(bot: str, sealed: str) -> None:
    """Clear text would stand in the log for ever, and what another key sealed could never be opened."""
    text = sealed if sealed == "in clear" else FernetSeal([b"x" * 32]).seal("secret")
    hooks = {"h1": {"platform": "slack", "sealed": text}}
    file = {"botpulse": 1, "bots": {bot: {"name": "Pizza", "hooks": hooks}}}
    done = run("registry", "import", "-", stdin=json.dumps(file))

    assert 1 == done.exit_code
    assert f"bots.{bot}.hooks.h1.sealed" in done.stderr


def test_an_odd_address_in_a_file_is_refused(bot: str) -> None:
    """By the rules for e-mail, with its place."""
    alert = {"name": "Many", "measure": "events", "op": "above", "threshold": 3, "channels": [{"kind": "email", "to": "a@[b"}]}  # fmt: skip
    file = {"botpulse": 1, "bots": {bot: {"name": "Pizza", "alerts": {"a1": alert}}}}
    done = run("registry", "import", "-", stdin=json.dumps(file))

    assert 1 == done.exit_code
    assert f"bots.{bot}.alerts.a1.channels[0].to" in done.stderr


def test_nothing_is_sealed_with_a_key_made_here(bot: str, tmp_path: Path) -> None:
    """The running system could not open it."""
    empty = str(tmp_path / "empty")
    alert = ["alerts", "create", "--bot", bot, "--name", "x", "--measure", "events", "--when", "above 3"]

    assert "no_seal_key" == refused(*alert, "--webhook", "https://example.org/a", "--home", empty)
    assert not Path(empty).exists()
    assert call(*alert, "--email", "ops@example.org", "--home", empty)


def test_a_file_from_a_pipe(bot: str) -> None:
    """By hand or by a program; a webhook that had no secret gets one, shown once."""
    name = unique("bot")
    alert = {
        "name": "Many",
        "measure": "events",
        "op": "above",
        "threshold": 3,
        "channels": [{"kind": "webhook", "to": "https://example.org/b"}],
    }
    file = {"botpulse": 1, "bots": {name: {"name": "By hand", "alerts": {unique("a"): alert}}}}
    done = call("registry", "import", "-", stdin=json.dumps(file))

    assert [name] == [one["id"] for one in done["changes"] if one["what"] == "bot_created"]
    assert [["https://example.org/b"]] == [list(made) for made in done["secrets"].values()]
    assert "bad_file" == refused("registry", "import", "-", stdin="bots: [")
