"""The compose file says only what is true: real commands, real settings, pinned images, files that are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click
import pytest
import yaml

from app.cli import main
from app.config import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ["setup", "web", "normalise", "track", "alert", "store"]


def words_of(service: dict[str, Any]) -> list[str]:
    """Return what is given to the botpulse command."""
    command = service["command"]
    return shlex.split(command[0].replace("exec botpulse", "")) if "entrypoint" in service else list(command)


@pytest.mark.parametrize("name", OURS)
def test_command_exists(name: str) -> None:
    """Each of our services runs a command the command line understands."""
    group, (first, *rest) = main, words_of(SERVICES[name])
    command = group.get_command(click.Context(group), first)

    assert command is not None
    assert command.make_context(first, rest, resilient_parsing=False).params is not None


@pytest.mark.parametrize("name", OURS)
def test_settings_exist(name: str) -> None:
    """Each variable given to our services is a setting."""
    known = {f"BOTPULSE_{field.upper()}" for field in Settings.model_fields}

    assert set() == set(SERVICES[name]["environment"]) - known


def test_settings_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings take the values as they stand, and there are the twelve partitions."""
    for name, value in COMPOSE["x-botpulse"]["environment"].items():
        monkeypatch.setenv(name, value)

    assert (12, "kafka:9092") == (Settings().partitions, Settings().kafka)


def test_no_secret_is_written_here() -> None:
    """No variable holds a password or a key; files do."""
    given = {name for service in SERVICES.values() for name in service.get("environment", {})}

    assert [] == [
        name for name in given if re.search("PASSWORD|SECRET|KEY", name) and not name.endswith("_FILE")
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    """Each image has a version, never `latest`."""
    assert re.fullmatch(r"[a-z/-]+:\d[\d.]*", SERVICES[name]["image"])


def test_files_from_here_exist() -> None:
    """Each file that is mounted is in the tree."""
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    missing = [
        mount for mount in mounts if mount.startswith("./") and not (ROOT / mount.split(":")[0]).is_file()
    ]

    assert ([], True) == (missing, any(mount.startswith("./") for mount in mounts))


def test_volumes_are_declared() -> None:
    """Each named volume is declared, and none is declared in vain."""
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]

    assert {mount.split(":")[0] for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", ["web", "normalise", "track", "alert", "store"])
def test_nothing_runs_unprepared(name: str) -> None:
    """Web and workers wait for topics and tables."""
    assert {"setup": {"condition": "service_completed_successfully"}} == SERVICES[name]["depends_on"]


@pytest.mark.parametrize("name", ["normalise", "track", "alert", "store"])
def test_scaled_workers_are_told_apart(name: str) -> None:
    """Processes of one stage must not share a name, or the broker fences all but one."""
    assert "$$HOSTNAME" in words_of(SERVICES[name])


@pytest.mark.parametrize(
    "path", sorted((ROOT / "clickhouse/server").rglob("*.xml")), ids=lambda path: path.parent.name
)
def test_server_configuration_is_well_formed(path: Path) -> None:
    """ClickHouse's files are XML under the element it expects."""
    assert "clickhouse" == ET.parse(path).getroot().tag


def test_query_log_is_off() -> None:
    """The server keeps no log tables, which would outgrow the data."""
    root = ET.parse(ROOT / "clickhouse/server/config.d/botpulse.xml").getroot()

    assert {"1"} == {one.get("remove") for one in root if one.tag.endswith("_log")}


def test_image_copies_what_is_there() -> None:
    """The Dockerfile copies nothing that is missing, and the ignore file lets it through."""
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line[0] == "!"
    }

    assert (names, []) == (allowed, [name for name in names if not (ROOT / name).exists()])


def test_image_is_not_root() -> None:
    """The last user of the image is not root."""
    assert ["botpulse"] == re.findall(
        r"^USER (.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
