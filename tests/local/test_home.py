"""The folder of all local state: made, guarded, and refused in one sentence when it will not do."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.config import MIB
from app.errors import BotpulseError
from app.local.home import Home


def silent(_line: str) -> None:
    """Hear nothing."""


def mode(path: Path) -> str:
    """Return the permissions of *path* as one reads them."""
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_secrets_are_the_owners_only(tmp_path: Path) -> None:
    """Nobody else can read a generated secret or list the folder."""
    secret = Home.open(tmp_path / "home").secret("session-key")

    assert ("0o600", "0o700") == (mode(secret), mode(secret.parent))


def test_secrets_stay(tmp_path: Path) -> None:
    """A secret is made once; later starts find the same."""
    first = Home.open(tmp_path).secret("session-key").read_text(encoding="utf-8")

    assert first == Home.open(tmp_path).secret("session-key").read_text(encoding="utf-8")


def test_secrets_differ(tmp_path: Path) -> None:
    """Two secrets are not alike, and each has 256 bits."""
    home = Home.open(tmp_path)
    texts = {home.secret(name).read_text(encoding="utf-8") for name in ("one", "two")}

    assert (2, {43}) == (len(texts), {len(text) for text in texts})


def test_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    """A home that cannot be made is refused with its name and the way out."""
    (tmp_path / "file").touch()

    with pytest.raises(
        BotpulseError, match=r"cannot use the folder .*file/home: .* choose another with --home"
    ):
        Home.open(tmp_path / "file" / "home")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param("EACCES", "you may not write there", id="not ours"),
        pytest.param("ENOSPC", "the disk is full", id="full disk"),
        pytest.param("EROFS", "the disk is read-only", id="read-only disk"),
    ],
)
def test_refusal_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str, words: str) -> None:
    """What the system answers to the first write becomes words."""

    def refuse(*_: object) -> None:
        raise OSError(getattr(__import__("errno"), number), "refused")

    monkeypatch.setattr(Path, "write_bytes", refuse)

    with pytest.raises(BotpulseError, match=words):
        Home.open(tmp_path)


def test_little_space_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With less than a gibibyte free nothing is started; the sentence has both figures."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=100 * MIB))

    with pytest.raises(BotpulseError, match=r"only 100 MiB are free .* 1024 MiB are needed"):
        Home.open(tmp_path)


def test_lock_is_exclusive(tmp_path: Path) -> None:
    """While one holds the home, the next is refused with the holder's process id."""
    home = Home.open(tmp_path)
    with (
        home.locked(silent),
        pytest.raises(BotpulseError, match=f"process {os.getpid()}"),
        home.locked(silent),
    ):
        pass


def test_lock_ends_with_its_holder(tmp_path: Path) -> None:
    """A home that was released can be taken again, and tells its new holder."""
    home = Home.open(tmp_path)
    with home.locked(silent):
        pass
    with home.locked(silent):
        held = (home.root / "up.lock").read_text(encoding="utf-8")

    assert str(os.getpid()) == held
