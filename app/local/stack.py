"""
Botpulse on one machine: its programs, and the order in which they come up.

    kafka, engine -> topics, tables -> web, normalise, track, alert, store, rasa -> /readyz says 200 -> demo

Parts that are set from outside (`BOTPULSE_KAFKA`, `BOTPULSE_CLICKHOUSE`) are used and not started.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import SecretStr

from app.adapters.topics import ensure_topics
from app.config import Settings
from app.errors import BotpulseError
from app.local.accounts import first_account
from app.local.home import Home
from app.local.jars import are_present, jars
from app.local.kafka import Broker
from app.local.kafka_lock import KAFKA_VERSION
from app.local.ports import LOOPBACK, kept_ports, listens
from app.local.readiness import obstacles
from app.local.supervision import Program
from app.local.up import Stage
from app.local.voice import Voice

__all__ = ["LocalStack"]

BOTPULSE = (sys.executable, "-m", "app.cli")
PORT_NAMES = ("kafka", "kafka-controller", "engine-tcp", "engine-http")


class LocalStack:
    """Everything, as `botpulse up` runs it."""

    def __init__(self, settings: Settings, home: Home, voice: Voice) -> None:
        self._home = home
        self._ports = kept_ports(home.run / "ports.json", PORT_NAMES)
        self._own_kafka = not settings.kafka
        self._own_engine = not settings.clickhouse
        self._settings = settings.model_copy(update=self._addresses(settings))
        self._broker = Broker(
            home.root / "kafka",
            self._ports["kafka"],
            self._ports["kafka-controller"],
            _jars(settings, voice) if self._own_kafka else Path(),
        )
        self._voice = voice

    def programs(self) -> list[Program]:
        """List the programs; the higher the rank, the sooner one is stopped."""
        count = self._settings.workers
        listed = [
            Program("web", [*BOTPULSE, "web"], rank=60),
            Program(
                "normalise",
                [*BOTPULSE, "worker", "normalise", "--instance", "{instance}"],
                rank=50,
                count=count,
            ),
            Program(
                "track", [*BOTPULSE, "worker", "track", "--instance", "{instance}"], rank=40, count=count
            ),
            Program("alert", [*BOTPULSE, "worker", "alert", "--instance", "1"], rank=35),
            Program("store", [*BOTPULSE, "worker", "store", "--instance", "1"], rank=30),
        ]
        if self._own_engine:
            listed.append(Program("engine", self._engine_command(), rank=20, stop_s=20))
        if self._own_kafka:
            listed.append(Program("kafka", self._broker.command, rank=10, stop_s=30))
        if self._settings.rasa_topic:
            listed.append(Program("rasa", [*BOTPULSE, "worker", "rasa", "--instance", "1"], rank=65))
        if self._settings.demo:
            listed.append(Program("demo", [*BOTPULSE, "demo"], rank=70, stop_s=5))
        return listed

    def environment(self) -> Mapping[str, str]:
        """Hand every setting that was chosen to all programs, except what only this process needs."""
        chosen = self._settings.model_dump(
            include=self._settings.model_fields_set, exclude={"admin_password"}
        )
        settings = {
            f"BOTPULSE_{name.upper()}": _written(value) for name, value in chosen.items() if value is not None
        }
        inherited = {name: value for name, value in os.environ.items() if name != "BOTPULSE_ADMIN_PASSWORD"}
        return inherited | settings | {"BOTPULSE_TRACEBACK": "1", "PYTHONUNBUFFERED": "1"}

    def bring_up(self, stage: Stage) -> None:
        """Start everything and return when every stage is consuming."""
        self._start_outside_parts(stage)
        self._prepare_outside_parts(stage)
        self._tell_first_account()
        for name in (
            "web",
            "normalise",
            "track",
            "alert",
            "store",
            *(["rasa"] if self._settings.rasa_topic else []),
        ):
            stage.start(name)
        stage.wait(lambda: obstacles(self._local_url))
        if self._settings.demo:
            stage.start("demo")

    @property
    def url(self) -> str:
        """Where people and bots reach it."""
        return self._settings.public_url or self._local_url

    def facts(self) -> dict[str, object]:
        """Say what run.json tells other commands."""
        own_ports = {name: port for name, port in self._ports.items() if self._owns(name)}
        return {
            "url": self.url,
            "home": str(self._home.root),
            "ports": {"web": self._settings.port} | own_ports,
            "settings": {name: str(getattr(self._settings, name)) for name in self._shared_settings()},
            "versions": self._versions(),
        }

    def welcome(self) -> tuple[list[str], dict[str, object]]:
        """Give the line that says it is ready."""
        return [f"ready {self.url}"], {"ready": True, "url": self.url}

    @property
    def _local_url(self) -> str:
        host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self._settings.host, self._settings.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._settings.port}"

    def _addresses(self, settings: Settings) -> dict[str, object]:
        found: dict[str, object] = {
            "secret_file": settings.secret_file or self._home.secret("session-key"),
            "seal_key_file": settings.seal_key_file or self._home.secret("seal-key"),
        }
        if self._own_kafka:
            found["kafka"] = f"{LOOPBACK}:{self._ports['kafka']}"
        if self._own_engine:
            found["clickhouse"] = f"clickhouse://default@{LOOPBACK}:{self._ports['engine-tcp']}/botpulse"
            found["clickhouse_password_file"] = self._home.secret("clickhouse-password")
        return found

    def _engine_command(self) -> list[str]:
        ports = ["--tcp-port", str(self._ports["engine-tcp"]), "--http-port", str(self._ports["engine-http"])]
        password = ["--password-file", str(self._settings.clickhouse_password_file)]
        path = ["--path", str(self._home.root / "engine"), "--host", LOOPBACK]
        return [sys.executable, "-m", "app.local.engine", *path, *ports, *password]

    def _start_outside_parts(self, stage: Stage) -> None:
        if self._own_engine:
            stage.start("engine")
        if self._own_kafka:
            self._broker.prepare()
            stage.start("kafka")
        if self._own_engine:
            stage.wait(self._unless_listening("engine-tcp"), needs=["engine"])
        if self._own_kafka:
            stage.wait(self._unless_listening("kafka"), needs=["kafka"])

    def _prepare_outside_parts(self, stage: Stage) -> None:
        """Make tables and topics side by side."""
        command = [*BOTPULSE, "migrate"]
        with subprocess.Popen(
            command,
            env=dict(self.environment()),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as migrate:
            ensure_topics(self._settings)
            stage.wait(lambda: "the tables are being made" if migrate.poll() is None else "")
            words = migrate.stderr.read().strip() if migrate.stderr else ""
        if migrate.returncode != 0:
            msg = f"the tables cannot be made: {words.splitlines()[-1] if words else 'no reason given'}"
            raise BotpulseError(msg, "migrate")

    def _tell_first_account(self) -> None:
        """Show the password the moment it is made: a start that is interrupted later must not take it along."""
        account = first_account(self._settings)
        if account:
            self._voice.result(*account.welcome(self.url))

    def _unless_listening(self, name: str) -> Callable[[], str]:
        return lambda: "" if listens(LOOPBACK, self._ports[name]) else f"{name} does not listen yet"

    def _owns(self, port_name: str) -> bool:
        return self._own_kafka if port_name.startswith("kafka") else self._own_engine

    def _shared_settings(self) -> list[str]:
        """Name the settings another command needs to find what runs here; a password within an address is a secret."""
        names = ["host", "port", "kafka", "partitions", "secret_file", "seal_key_file"]
        return [*names, "clickhouse", "clickhouse_password_file"] if self._own_engine else names

    def _versions(self) -> dict[str, str]:
        own = {"botpulse": importlib.metadata.version("botpulse"), "python": platform.python_version()}
        kafka = {"kafka": KAFKA_VERSION} if self._own_kafka else {}
        return own | kafka | ({"chdb": importlib.metadata.version("chdb")} if self._own_engine else {})


def _written(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _jars(settings: Settings, voice: Voice) -> Path:
    if are_present(settings):
        return jars(settings)
    with voice.progress("downloading the broker") as progress:
        return jars(settings, progress)
