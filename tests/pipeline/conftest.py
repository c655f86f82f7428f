"""A fresh broker per module: stages own their topics and groups, so they cannot share one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.broker import own_broker
from tests.pipeline.rig import Rig, rig


@pytest.fixture
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig on a broker of its own."""
    folder = tmp_path_factory.mktemp("stages")
    with own_broker(folder / "kafka") as bootstrap, rig(bootstrap, folder / "home") as own:
        yield own
