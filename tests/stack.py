"""
The whole product as a user starts it, once per test run: `botpulse up` on a home and port of its own.

The fixture `stack` gives its address, its commands and its read API.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until

__all__ = ["Stack", "running_stack", "stack"]


@dataclass
class Stack:
    """A running `botpulse up`."""

    home: Path
    url: str
    process: subprocess.Popen[bytes]
    output: Path

    def run(self, *words: str, ok: bool = True) -> Any:
        """Run a command with --json against this home and return what it printed."""
        command = [sys.executable, "-m", "app.cli", *words, "--home", str(self.home), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert not ok or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        lines = done.stdout.strip().splitlines()

        return (
            json.loads(done.stdout) if done.stdout.strip().startswith(("{\n", "[")) else json.loads(lines[-1])
        )

    def get(self, path: str, key: str = "") -> Any:
        """GET a path of the API as JSON."""
        return self.call("GET", path, key)[1]

    def call(self, method: str, path: str, key: str = "", body: object = None) -> tuple[int, Any]:
        """Send a request; return status and JSON answer, also of errors."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def pids(self) -> dict[str, int]:
        """Return the process ids of the parts, by name."""
        found: dict[str, int] = json.loads((self.home / "run.json").read_text(encoding="utf-8"))["pids"]

        return found

    def is_ready(self) -> bool:
        """Tell whether every stage is recovered and consuming."""
        try:
            return self.call("GET", "/readyz")[0] == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running_stack(home: Path, *options: str) -> Iterator[Stack]:
    """Start everything on *home*, and stop it again."""
    home.mkdir(parents=True, exist_ok=True)
    output = home.parent / f"{home.name}.out"
    command = [sys.executable, "-m", "app.cli", "up", "--home", str(home), "--port", "0", *options]
    with output.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"NO_COLOR": "1", "BOTPULSE_WEBHOOK_NETWORKS": "127.0.0.0/8"},
        )
    try:
        yield Stack(home, _url_of(process, output), process, output)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            process.kill()


def _url_of(process: subprocess.Popen[bytes], output: Path) -> str:
    def ready() -> str:
        said = output.read_text(encoding="utf-8")
        assert process.poll() is None, said[-3000:]
        return next((line.split()[1] for line in said.splitlines() if line.startswith("ready ")), "")

    return until(ready, 300, 0.2, "botpulse up to be ready")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, once per run, without the demo bot."""
    with running_stack(tmp_path_factory.mktemp("stack") / "home", "--no-demo") as own:
        yield own
