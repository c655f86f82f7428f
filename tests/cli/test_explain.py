"""`explain` needs nothing to run, and never ends in a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main

BODY = b'{"token":"t0k3n","event":{"type":"message","user":"U1","text":"hi","ts":"1700000000.000100","channel":"C1"},"team_id":"T1","type":"event_callback"}'


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOTPULSE_KAFKA", raising=False)
    monkeypatch.setenv("BOTPULSE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("from_stdin", [True, False], ids=["stdin", "file"])
def test_a_body_is_explained(tmp_path: Path, from_stdin: bool) -> None:
    """What is read is printed as JSON, less secrets."""
    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    file = "-" if from_stdin else str(path)
    words = ["explain", "--way", "webhook", "--platform", "slack", "--bot", "b", file]
    done = CliRunner().invoke(main, words, input=BODY if from_stdin else b"")
    report = json.loads(done.stdout)

    assert (0, ["token"], [("b", "U1", "hi")], False) == (
        done.exit_code,
        report["removed"],
        [(one["bot_id"], one["user_id"], one["text"]) for one in report["events"]],
        "t0k3n" in done.stdout,
    )


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        pytest.param(1, b"nonsense", id="nothing but rejections"),
        pytest.param(0, b'[{"user":"a","text":"hi"},{}]', id="an event beside a rejection"),
    ],
)
def test_exit_code(expected: int, body: bytes) -> None:
    """It is 1 if nothing but rejections came of the body, and both are JSON."""
    done = CliRunner().invoke(main, ["explain", "--way", "native", "-"], input=body)

    assert (expected, True) == (done.exit_code, bool(json.loads(done.stdout)["rejections"]))


@pytest.mark.parametrize(
    "words",
    [["--way", "morse", "-"], ["-"], ["--way", "native", "no-such-file"]],
    ids=["unknown way", "no way", "no file"],
)
def test_wrong_usage(words: list[str]) -> None:
    """It is 2 for what cannot be asked, with a sentence."""
    done = CliRunner().invoke(main, ["explain", *words])

    assert (2, False) == (done.exit_code, "Traceback" in done.output)
