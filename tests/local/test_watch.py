"""What supervisord has given up on is started again, ever more slowly."""

from __future__ import annotations

import pytest

from app.local.supervision import State
from app.local.watch import Watch


class Scene:
    """A supervisor, a clock and an ear, all set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.seen = [State("track-1", "track", "RUNNING", 100)]
        self.started: list[float] = []
        self.said: list[str] = []
        self.watch = Watch(self, self.said.append, lambda: self.now_s)

    def states(self) -> list[State]:
        return self.seen

    def start(self, name: str) -> None:
        self.started.append(self.now_s)

    def live_through(self, state: str, seconds: int, pid: int = 0) -> None:
        """Look once a second while the process is in *state*."""
        self.seen = [State("track-1", "track", state, pid)]
        for _ in range(seconds):
            self.watch.look()
            self.now_s += 1


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_healthy_programs_are_no_news(scene: Scene) -> None:
    """As long as nothing ends there is nothing to say."""
    scene.live_through("RUNNING", 100, pid=100)

    assert [] == scene.said


def test_a_restart_is_told(scene: Scene) -> None:
    """A program that runs as another process than before has ended in between."""
    scene.live_through("RUNNING", 1, pid=100)
    scene.live_through("BACKOFF", 1)
    scene.live_through("RUNNING", 1, pid=101)

    assert ["track-1 ended and was started again"] == scene.said


def test_pauses_grow_and_never_end(scene: Scene) -> None:
    """A program that cannot live is tried after 5, 10, 20, 40 seconds and then every minute, for good."""
    scene.live_through("FATAL", 300)

    gaps = [after - before for before, after in zip(scene.started, scene.started[1:], strict=False)]
    # a second passes between seeing that a try failed and the beginning of the next pause
    assert (5, [11, 21, 41, 61, 61, 61]) == (scene.started[0], gaps)


def test_giving_up_is_told_with_the_next_try(scene: Scene) -> None:
    """The operator reads which program, where its words are, and when it is tried again."""
    scene.live_through("FATAL", 1)

    assert ["track-1 keeps ending, see logs/track-1.log; next try in 5 s"] == scene.said


def test_a_calm_minute_is_a_new_beginning(scene: Scene) -> None:
    """After a minute of running, trouble starts again with the shortest pause."""
    scene.live_through("FATAL", 40)
    scene.live_through("RUNNING", 70, pid=200)
    scene.said.clear()
    scene.live_through("FATAL", 1)

    assert ["track-1 keeps ending, see logs/track-1.log; next try in 5 s"] == scene.said
