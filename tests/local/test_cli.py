"""What every command owes its caller: help, one line for an error, the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli._failures import explain
from app.config import Settings

NAMES = main.list_commands(click.Context(main))


@pytest.fixture
def failing() -> Iterator[None]:
    """Every command fails with an error of the kind nobody foresaw."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "__init__", lambda *_, **__: os.environ["NOTHING"])
        yield


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_an_example(name: str) -> None:
    """`--help` works and shows how it is used."""
    done = CliRunner().invoke(main, [name, "--help"])

    assert (0, True) == (done.exit_code, "Example" in done.output)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_a_line(name: str) -> None:
    """The list of commands says in a line what each is for."""
    lines = CliRunner().invoke(main, ["--help"]).output.splitlines()
    line = next(line for line in lines if line.split()[:1] == [name])

    assert len(line.split()) > 2


def test_help_imports_no_command() -> None:
    """`botpulse --help` does not load what the commands need, so it is quick."""
    script = """
import sys
from app.cli import main
main(["--help"], standalone_mode=False)
print(sorted(set(sys.modules) & {"kafka", "aiokafka", "faust", "aiohttp", "clickhouse_driver", "rich", "jgo"}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.splitlines()[-1]


def test_unknown_command_is_wrong_usage() -> None:
    """A command that does not exist is exit code 2."""
    assert 2 == CliRunner().invoke(main, ["fly"]).exit_code


def test_refusal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the reader can put right is one line on stderr and exit code 1."""
    monkeypatch.setenv("BOTPULSE_KAFKA", "127.0.0.1:1")
    done = CliRunner().invoke(main, ["topics"])

    assert (1, "", 1) == (done.exit_code, done.stdout, len(done.stderr.splitlines()))


def test_refusal_for_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json the error is an object with a code."""
    monkeypatch.setenv("BOTPULSE_KAFKA", "127.0.0.1:1")
    done = CliRunner().invoke(main, ["topics", "--json"])

    assert (1, "kafka") == (done.exit_code, json.loads(done.stdout)["error"]["code"])


@pytest.mark.parametrize("words", [["topics"], ["topics", "--json"]], ids=["for people", "for machines"])
def test_refusal_shows_no_traceback(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """A refusal is the same one line where tracebacks of defects are wanted, as in the container image."""
    monkeypatch.setenv("BOTPULSE_KAFKA", "127.0.0.1:1")
    plain = CliRunner().invoke(main, words)
    wanted = CliRunner().invoke(main, words, env={"BOTPULSE_TRACEBACK": "1"})

    assert (plain.output, 1) == (wanted.output, len(wanted.output.splitlines()))
    assert isinstance(wanted.exception, SystemExit)


@pytest.mark.parametrize(
    "address", ["localhost:9000", "http://localhost:8123", "clickhouse:///x", "clickhouse://h:x"]
)
def test_wrong_address_of_clickhouse_is_refused_at_once(address: str) -> None:
    """An address that cannot be one is a wrong setting, not a server that does not answer."""
    done = CliRunner().invoke(main, ["sql", "select 1"], env={"BOTPULSE_CLICKHOUSE": address})

    assert (1, True) == (
        done.exit_code,
        done.stderr.startswith("botpulse: wrong setting: BOTPULSE_CLICKHOUSE: "),
    )


@pytest.mark.parametrize("days", [["--day", "9999-12-31"], ["--from", "1900-01-01", "--to", "2024-01-01"]])
def test_days_without_events_cannot_be_audited(days: list[str]) -> None:
    """Days before 1970 and after 2100 are wrong usage."""
    done = CliRunner().invoke(main, ["audit", "--bot", "pizza", *days])

    assert (2, True) == (done.exit_code, "between 1970-01-01 and 2100-12-31" in done.stderr)


def test_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be is named as one writes it."""
    monkeypatch.setenv("BOTPULSE_PARTITIONS", "many")
    done = CliRunner().invoke(main, ["topics"])

    assert (1, True) == (
        done.exit_code,
        done.stderr.startswith("botpulse: wrong setting: BOTPULSE_PARTITIONS: "),
    )


def test_defect_shows_no_traceback(failing: None) -> None:
    """An error nobody foresaw is one line too, saying how to see more."""
    done = CliRunner().invoke(main, ["topics"])

    assert (1, "botpulse: unexpected KeyError: 'NOTHING' (set BOTPULSE_TRACEBACK=1 to see where)\n") == (
        done.exit_code,
        done.stderr,
    )


def test_defect_shows_its_place_on_demand(failing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With BOTPULSE_TRACEBACK the error passes through, as worker logs need it."""
    monkeypatch.setenv("BOTPULSE_TRACEBACK", "1")

    assert isinstance(CliRunner().invoke(main, ["topics"]).exception, KeyError)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(OSError(28, "No space left", "/srv/x"), "/srv/x: the disk is full", id="full disk"),
        pytest.param(PermissionError(13, "denied", "/srv/x"), "/srv/x: permission denied", id="not allowed"),
    ],
)
def test_system_errors_are_words(error: OSError, words: str) -> None:
    """A full disk and a missing permission are said in words with the place."""
    assert explain(error).message.startswith(words)


def test_doctor_finds_a_machine_in_order(tmp_path: Path) -> None:
    """Where nothing runs and nothing is missing every check is ok; each is one line."""
    done = CliRunner().invoke(main, ["doctor", "--home", str(tmp_path)], env={"BOTPULSE_PORT": "0"})

    assert {"ok"} == {line.split()[0] for line in done.output.splitlines() if line.split()[1] != "jars"}


def test_doctor_names_what_is_missing(tmp_path: Path) -> None:
    """A missing download and an absent broker are found, with what to do, and the exit code is 1."""
    env = {
        "BOTPULSE_KAFKA": "127.0.0.1:1",
        "BOTPULSE_CLICKHOUSE": "clickhouse://default@127.0.0.1:1/botpulse",
    }
    done = CliRunner().invoke(main, ["doctor", "--json", "--home", str(tmp_path)], env=env)
    failed = {one["name"]: one["words"] for one in json.loads(done.stdout)["checks"] if not one["ok"]}

    assert (1, {"kafka", "engine"}) == (done.exit_code, set(failed))


def test_doctor_misses_the_jars(tmp_path: Path) -> None:
    """Without the jars the local broker cannot start; the way to get them is named."""
    env = {"BOTPULSE_CACHE": str(tmp_path), "BOTPULSE_PORT": "0"}
    done = CliRunner().invoke(main, ["doctor", "--json", "--home", str(tmp_path)], env=env)
    failed = {one["name"]: one["words"] for one in json.loads(done.stdout)["checks"] if not one["ok"]}

    assert (["jars"], True) == (list(failed), "make setup" in failed["jars"])
