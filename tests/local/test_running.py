"""Commands in another terminal find what runs on a home."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.config import Settings
from app.local.home import Home
from app.local.running import attached, forget, remember, running
from app.local.supervision import State

FACTS: dict[str, object] = {"url": "http://127.0.0.1:9", "settings": {"kafka": "127.0.0.1:9092", "port": "9"}}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home on which this process says it runs botpulse."""
    found = Home.open(tmp_path)
    remember(found, FACTS, 1, [State("web", "web", "RUNNING", 2), State("demo", "demo", "STOPPED", 0)])
    return found


def test_addresses_are_found(home: Home) -> None:
    """What settings leave open comes from what runs."""
    settings = attached(Settings(home=home.root))

    assert ("127.0.0.1:9092", 9) == (settings.kafka, settings.port)


def test_choices_go_first(home: Home) -> None:
    """An address that was set stays."""
    assert "broker:1" == attached(Settings(home=home.root, kafka="broker:1")).kafka


def test_choices_of_the_environment_go_first(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address set by the environment stays too."""
    monkeypatch.setenv("BOTPULSE_KAFKA", "broker:2")

    assert "broker:2" == attached(Settings(home=home.root)).kafka


def test_only_living_processes_are_named(home: Home) -> None:
    """run.json names the processes there are."""
    assert {"supervisor": 1, "web": 2}.items() <= running(Settings(home=home.root))["pids"].items()
    assert "demo" not in running(Settings(home=home.root))["pids"]


def test_after_the_end_nothing_is_found(home: Home) -> None:
    """A home where botpulse was stopped gives no address."""
    forget(home)

    assert "" == attached(Settings(home=home.root)).kafka


def test_remains_of_a_killed_run_are_not_believed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run.json whose process is gone counts as none."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setattr("os.getpid", lambda: gone.pid)
    remember(home, FACTS, 1, [])

    assert {} == running(Settings(home=home.root))


def test_run_file_is_the_owners(home: Home) -> None:
    """Nobody else reads run.json."""
    assert 0o600 == home.run_file.stat().st_mode & 0o777


def test_holder_is_known(home: Home) -> None:
    """A home that is being started on says by whom; a free one says nobody."""
    with home.locked(lambda _line: None):
        during = home.holder()

    assert (True, 0) == (during > 0, home.holder())
