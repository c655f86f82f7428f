"""One system for all commands: a broker, an engine, the stages, and `system.run("bots", "list")`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from clickhouse_driver import Client

from app.adapters.catching_up import catch_up
from app.adapters.clickhouse import connect
from app.config import Settings
from tests.broker import own_broker
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.pipeline.rig import Rig, rig

__all__ = ["Done", "System", "system"]

STAGES = ("normalise", "track", "store")


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """What it said to a machine."""
        assert self.out, self.err
        return json.loads(self.out)


class System:
    """A broker and an engine with everything set up, and commands that find them by the environment."""

    def __init__(self, stages: Rig) -> None:
        self.stages = stages
        self.settings: Settings = stages.settings

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command."""
        return os.environ | {
            "BOTPULSE_KAFKA": self.settings.kafka,
            "BOTPULSE_HOME": str(self.settings.home),
            "BOTPULSE_PARTITIONS": str(self.settings.partitions),
            "BOTPULSE_CLICKHOUSE": self.settings.clickhouse,
            "BOTPULSE_CLICKHOUSE_PASSWORD_FILE": str(self.settings.clickhouse_password_file),
        }

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "app.cli", *words]
        return subprocess.Popen(
            command, env=self.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    def run(self, *words: str, stdin: str = "") -> Done:
        """Run a command to its end."""
        process = self.begin(*words)
        out, err = process.communicate(stdin, timeout=300)
        return Done(process.returncode, out, err)

    def new_bot(self, *words: str) -> str:
        """Create a bot and return its id."""
        bot = f"bot-{uuid.uuid4().hex[:12]}"
        assert self.run("bots", "create", "--name", bot, "--id", bot, *words, "--json").code == 0
        return bot

    def wait(self) -> None:
        """Return when everything sent so far is counted and stored."""
        catch_up(self.settings, lambda _group, _records: None)

    def clickhouse(self) -> Client:
        """Connect to the tables."""
        return connect(self.settings)

    def start(self) -> None:
        """Start the stages that do not run."""
        for stage in STAGES:
            if (stage, "1") not in self.stages.processes:
                self.stages.start(stage)

    def stop(self, *, is_told: bool = True) -> None:
        """Kill the stages; unless the groups are told they take them for members for the rest of their session."""
        for stage, instance in list(self.stages.processes):
            self.stages.kill(stage, instance)
            if is_told:
                self.stages.sign_off(stage, instance)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, engine: EngineServer) -> Iterator[System]:
    """A system for one file of tests, with its stages running."""
    folder = tmp_path_factory.mktemp("cli")
    tables = fresh_database(engine)
    places = {"clickhouse": tables.clickhouse, "clickhouse_password_file": tables.clickhouse_password_file}
    with own_broker(folder / "kafka") as bootstrap, rig(bootstrap, folder / "home", **places) as stages:
        found = System(stages)
        found.start()
        yield found
