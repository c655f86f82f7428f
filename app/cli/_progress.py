"""How a long command shows that it moves: a bar on a terminal, else a line now and then; always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

__all__ = ["Tell", "progress"]

Tell = Callable[[str, float], None]
"""tell(words, part): what there is to say, and how much of the whole is done, from 0 to 1"""


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Give the means to tell how *title* goes."""
    if sys.stderr.isatty():
        with _bar(title) as tell:
            yield tell
    else:
        yield _quarters(title)


@contextmanager
def _bar(title: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(title, total=1.0, words="")
        yield lambda words, part: bars.update(task, completed=part, words=words)


def _quarters(title: str) -> Tell:
    told = -1

    def tell(words: str, part: float) -> None:
        nonlocal told
        quarter = int(4 * min(part, 1.0))
        if quarter != told:
            told = quarter
            click.echo(f"{title}: {25 * quarter} %, {words}", err=True)

    return tell
