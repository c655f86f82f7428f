"""
`botpulse up` with made-up programs: `python -m tests.local.fake_up HOME PORT [NAME=BEHAVIOUR ...]`.

The behaviours are those of `fake_program.py`.  Ranks fall from left to right, so the first is stopped first.  With
`farewell=yes` it is told to stop while a finaliser runs, as soon as all is up.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.cli._failures import report
from app.config import Settings
from app.local.home import Home
from app.local.supervision import Program
from app.local.up import Stage, run
from app.local.voice import Voice

PROGRAM = Path(__file__).with_name("fake_program.py")


class Farewell:
    """Tells its own process to stop when it is collected: what the handler raises then, Python swallows."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


class FakeStack:
    """Programs that only start and stop."""

    wanted: dict[str, str]
    says_farewell = False

    def __init__(self, settings: Settings, home: Home, _voice: Voice) -> None:
        self._settings = settings
        self._home = home

    def programs(self) -> Sequence[Program]:
        ranked = enumerate(reversed(list(self.wanted.items())))
        root = str(self._home.root)
        return [
            Program(name, [sys.executable, str(PROGRAM), root, name, behaviour], rank)
            for rank, (name, behaviour) in ranked
        ]

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def bring_up(self, stage: Stage) -> None:
        for name in reversed(self.wanted):
            stage.start(name)
        stage.wait(self._not_started, needs=list(self.wanted))

    def facts(self) -> dict[str, object]:
        if self.says_farewell:
            Farewell()
        return {"url": self._url, "settings": {"port": str(self._settings.port)}}

    def welcome(self) -> tuple[list[str], dict[str, object]]:
        return [f"ready {self._url}"], {"ready": True}

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._settings.port}"

    def _not_started(self) -> str:
        path = self._home.root / "started"
        started = path.read_text(encoding="utf-8").split() if path.exists() else []
        return ", ".join(name for name in self.wanted if name not in started)


def main(arguments: list[str]) -> int:
    """Run, and end as the command line would."""
    home, port, *programs = arguments
    FakeStack.wanted = dict(one.split("=") for one in programs)
    FakeStack.says_farewell = FakeStack.wanted.pop("farewell", "") == "yes"
    try:
        run(Settings(home=Path(home), port=int(port)), Voice(), FakeStack)
    except Exception as error:  # noqa: BLE001  # the command line does the same
        report(error, as_json=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
