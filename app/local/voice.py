"""What `botpulse up` says while it works: lines, and progress bars where a person watches."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

__all__ = ["Progress", "Voice"]

Progress = Callable[[int, int], None]
"""Called with the bytes received now and the bytes in total."""


class Voice:
    """News goes to stderr, results to stdout; a terminal that has gone away is no reason to fail."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    def say(self, line: str) -> None:
        """Tell news."""
        _write(sys.stderr, line)

    def result(self, words: list[str], facts: dict[str, object]) -> None:
        """Give the answer: *words* for people, or *facts* for machines."""
        for line in [json.dumps(facts)] if self.as_json else words:
            _write(sys.stdout, line)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Show how a download goes: a moving bar on a terminal, else a line for every quarter."""
        if sys.stderr.isatty():
            with _bar(title) as advance:
                yield advance
        else:
            yield _quarters(title, self.say)


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None, visible=False)
        yield lambda received, total: bars.update(task, advance=received, total=total, visible=True)


def _quarters(title: str, say: Callable[[str], None]) -> Progress:
    received_bytes = 0
    told = -1
    lock = threading.Lock()  # several files arrive at once

    def advance(received: int, total: int) -> None:
        nonlocal received_bytes, told
        with lock:
            received_bytes += received
            quarter = min(4, 4 * received_bytes // total)
            if quarter > told:
                told = quarter
                say(f"{title}: {25 * quarter} % of {total / 1e6:.0f} MB")

    return advance


def _write(stream: object, line: str) -> None:
    with contextlib.suppress(OSError):
        print(line, file=stream, flush=True)  # type: ignore[call-overload]
