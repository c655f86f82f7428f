"""Every long-lived process tunes garbage collection in one way."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from app import stages
from app.collector import calm_collector
from app.config import Settings
from app.web import server


class Reached(Exception):  # noqa: N818 a place, not a mishap
    """Where a process would go on."""


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Leave the collector of the tests as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_there_is_set_aside() -> None:
    """And the first generation is looked at rarely."""
    gc.unfreeze()
    calm_collector()

    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] >= 100_000


def test_workers_and_web_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything else is done, with the same numbers."""
    found = []

    def reached(*_: object) -> None:
        found.append(gc.get_threshold())
        raise Reached

    monkeypatch.setattr(stages, "_wait_for_broker", reached)
    monkeypatch.setattr(server, "_live", reached)
    monkeypatch.setattr(server, "set_up_logs", lambda _: None)
    for start in (
        lambda: stages.run_stage(Settings(kafka="127.0.0.1:1"), "track", "1"),
        lambda: server.run(Settings(kafka="127.0.0.1:1")),
    ):
        gc.set_threshold(1, 1, 1)
        with pytest.raises(Reached):
            start()
    calm_collector()

    assert [gc.get_threshold()] * 2 == found
