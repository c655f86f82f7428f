"""What is sealed can be read with its key only, and keys can be changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.adapters.seal import FernetSeal, Unsealable, present_seal, seal_of
from app.config import Settings
from app.errors import BotpulseError

OLD, NEW = b"o" * 32, b"n" * 32


def test_round_trip() -> None:
    """What was sealed comes back, and the sealed text does not show it."""
    seal = FernetSeal([OLD])
    sealed = seal.seal("zoë's secret")

    assert ("zoë's secret", False) == (seal.unseal(sealed), "secret" in sealed)


def test_the_same_secret_is_sealed_differently() -> None:
    """Nobody sees from outside that two bots have one secret."""
    seal = FernetSeal([OLD])

    assert seal.seal("s3") != seal.seal("s3")


def test_keys_change() -> None:
    """The first key seals, all of them open."""
    before = FernetSeal([OLD]).seal("s3")
    during = FernetSeal([NEW, OLD])

    assert ("s3", "s3") == (during.unseal(before), FernetSeal([NEW]).unseal(during.seal("s3")))


@pytest.mark.parametrize(
    "sealed", ["", "gAAA", "no token", "zoë", pytest.param(FernetSeal([NEW]).seal("s3"), id="another key")]
)
def test_what_another_key_sealed(sealed: str) -> None:
    """It cannot be opened, and the error says what to do."""
    with pytest.raises(Unsealable, match="BOTPULSE_SEAL_KEY_FILE"):
        FernetSeal([OLD]).unseal(sealed)


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """The first start makes the key, for its owner only; later ones find it."""
    settings = Settings(home=tmp_path)
    sealed = seal_of(settings).seal("s3")
    path = tmp_path / "secrets" / "seal-key"

    assert ("s3", 0o600, 0o700) == (
        seal_of(settings).unseal(sealed),
        path.stat().st_mode & 0o777,
        path.parent.stat().st_mode & 0o777,
    )


def test_a_key_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """For whoever seals for another process; one that is there is taken."""
    settings = Settings(home=tmp_path)
    with pytest.raises(BotpulseError, match="--home"):
        present_seal(settings)
    sealed = seal_of(settings).seal("secret")

    assert "secret" == present_seal(settings).unseal(sealed)


def test_the_operators_file(tmp_path: Path) -> None:
    """Its lines are the keys, the first one seals; none is made beside it."""
    path = tmp_path / "keys"
    path.write_bytes(NEW + b"\n" + OLD + b"\n")
    settings = Settings(home=tmp_path / "home", seal_key_file=path)

    assert "s3" == seal_of(settings).unseal(FernetSeal([OLD]).seal("s3"))
    assert "s3" == FernetSeal([NEW]).unseal(seal_of(settings).seal("s3"))
    assert not settings.home.exists()


@pytest.mark.parametrize("content", [b"short", OLD + b"\nshort"], ids=["file", "line"])
def test_a_short_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """A key that could be guessed is none."""
    path = tmp_path / "keys"
    path.write_bytes(content)

    with pytest.raises(BotpulseError, match="too short"):
        seal_of(Settings(seal_key_file=path))
