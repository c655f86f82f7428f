"""What is written for the broker is read by Java as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import BotpulseError
from app.local.kafka import Broker


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("hömé", r"h\u00f6m\u00e9", id="Latin"),
        pytest.param("a😀", r"a\ud83d\ude00", id="two units"),
        pytest.param("a\\b c", r"a\u005cb c", id="backslash"),
        pytest.param("a\nb", r"a\u000ab", id="line break"),
    ],
)
def test_names_of_folders_are_escaped(tmp_path: Path, name: str, expected: str) -> None:
    """Java reads properties as Latin-1, so everything else is written as its code units."""
    place = Broker(tmp_path / name, 1, 2, tmp_path)
    (place.folder / "data").mkdir(parents=True)
    place.prepare()
    lines = (place.folder / "server.properties").read_text(encoding="latin-1").splitlines()

    assert f"log.dirs={tmp_path}/{expected}/data" in lines


def test_a_comma_is_refused(tmp_path: Path) -> None:
    """Kafka would take it for two folders, and there is no way to say that it is one."""
    with pytest.raises(BotpulseError, match="comma"):
        Broker(tmp_path / "a,b", 1, 2, tmp_path).prepare()
