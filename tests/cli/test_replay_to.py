"""`botpulse replay --to` does not exist, and says why."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from app.cli import main


def test_a_replay_has_no_end_in_time(tmp_path: Path) -> None:
    """It is refused in one sentence that says what to do, before anything is asked or touched."""
    words = ["replay", "--yes", "--to", "2024-05-27T12:00:00Z", "--home", str(tmp_path / "home")]
    done = CliRunner().invoke(main, words, env={"BOTPULSE_KAFKA": "127.0.0.1:9"})

    assert 1 == done.exit_code
    assert 1 == len(done.stderr.splitlines())
    assert "leave --to out" in done.stderr
    assert not (tmp_path / "home").exists()
