"""The broker's jars come whole or not at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.config import Settings
from app.errors import BotpulseError
from app.local import jars as module
from app.local.jars import are_present, folder, jars

CONTENTS = {"one": b"first jar", "two": b"second jar"}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Maven repository's folder with two jars in it."""
    for name, content in CONTENTS.items():
        place = tmp_path / "repository" / "org" / "example" / name / "1.0"
        place.mkdir(parents=True)
        (place / f"{name}-1.0.jar").write_bytes(content)
    return tmp_path / "repository"


@pytest.fixture
def settings(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings that fetch the two jars from that folder, served on loopback."""
    rows = [
        (f"org.example:{name}:1.0", len(it), hashlib.sha256(it).hexdigest()) for name, it in CONTENTS.items()
    ]
    monkeypatch.setattr(module, "JARS", tuple(rows))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(repository))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Settings(cache=tmp_path / "cache", maven_url=f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


def names(place: Path) -> list[str]:
    """List what is visible in *place*."""
    return sorted(path.name for path in place.glob("[!.]*")) if place.exists() else []


def test_all_jars_arrive(settings: Settings) -> None:
    """The folder holds each jar of the lock."""
    assert ["one-1.0.jar", "two-1.0.jar"] == names(jars(settings))


def test_second_time_needs_no_network(settings: Settings) -> None:
    """What is there is not fetched again."""
    jars(settings)

    assert folder(settings) == jars(settings.model_copy(update={"maven_url": "http://127.0.0.1:1"}))


def test_progress_reaches_the_total(settings: Settings) -> None:
    """Whoever watches hears of every byte."""
    heard: list[int] = []
    jars(settings, lambda received, _total: heard.append(received))

    assert sum(map(len, CONTENTS.values())) == sum(heard)


def test_offline_is_one_sentence(settings: Settings) -> None:
    """Nobody at the address: the sentence says what to do, and no folder appears."""
    away = settings.model_copy(update={"maven_url": "http://127.0.0.1:1"})
    with pytest.raises(BotpulseError, match=r"cannot download the broker .* connect to the network"):
        jars(away)

    assert [] == names(settings.cache)


def test_changed_jar_is_refused(settings: Settings, repository: Path) -> None:
    """A file that is not the known one is never put in place."""
    next(repository.rglob("two-1.0.jar")).write_bytes(b"something else")
    with pytest.raises(BotpulseError, match=r"two-1\.0\.jar .* is not the file we know"):
        jars(settings)

    assert [] == names(settings.cache)


def test_refused_download_can_be_tried_again(settings: Settings, repository: Path) -> None:
    """After a download that failed midway the next one starts clean."""
    broken = next(repository.rglob("two-1.0.jar"))
    broken.write_bytes(b"torn")
    with pytest.raises(BotpulseError):
        jars(settings)
    broken.write_bytes(CONTENTS["two"])

    assert (False, ["one-1.0.jar", "two-1.0.jar"]) == (are_present(settings), names(jars(settings)))


def test_damaged_folder_is_made_good(settings: Settings) -> None:
    """A jar that was removed by hand is noticed and fetched."""
    (jars(settings) / "one-1.0.jar").unlink()

    assert ["one-1.0.jar", "two-1.0.jar"] == names(jars(settings))
