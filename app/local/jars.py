"""
The broker's jars: fetched once from Maven Central, checked against known hashes, shared by every home.

`jars(settings)` is the folder to put on the class path.  It appears whole or not at all: files are gathered and checked in a
folder beside it, which is renamed when complete.
`python -m app.local.jars` does it ahead of the first start.
To follow a new Kafka release, change `ROOTS` in `kafka_lock.py`; with `--lock` it then writes that file anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import stamina
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver
from jgo.parse import Coordinate

from app.config import Settings
from app.errors import BotpulseError
from app.local.kafka_lock import JARS, KAFKA_VERSION, ROOTS
from app.local.voice import Progress, Voice

__all__ = ["are_present", "folder", "jars"]

TOTAL_BYTES = sum(size for _, size, _ in JARS)


def folder(settings: Settings) -> Path:
    """Name the folder of the jars, there or not."""
    return settings.cache.expanduser().absolute() / f"kafka-{KAFKA_VERSION}"


def are_present(settings: Settings) -> bool:
    """Tell whether nothing has to be downloaded."""
    return all((folder(settings) / _file_name(coordinate)).exists() for coordinate, _, _ in JARS)


def jars(settings: Settings, progress: Progress = lambda _received, _total: None) -> Path:
    """Return the folder holding every jar, downloading them first if need be."""
    target = folder(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target.parent / ".lock"):
        if not are_present(settings):
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as scratch:
                complete = _download(Path(scratch), settings.maven_url, progress)
                shutil.rmtree(target, ignore_errors=True)
                complete.rename(target)
    return target


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time download; the others then find the work done."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _download(scratch: Path, maven_url: str, progress: Progress) -> Path:
    maven = _maven(scratch / "repository", maven_url, progress)
    complete = scratch / "complete"
    complete.mkdir()

    def fetch(row: tuple[str, int, str]) -> None:
        coordinate, _, sha256 = row
        source = _received(_artifact(maven, coordinate))
        if hashlib.sha256(source.read_bytes()).hexdigest() != sha256:
            msg = f"{source.name} from {_shown(maven_url)} is not the file we know; check BOTPULSE_MAVEN_URL, or try again"
            raise BotpulseError(msg, "download")
        source.rename(complete / source.name)

    # The reader wants one sentence when all has failed, not one for every attempt.
    stamina.instrumentation.set_on_retry_hooks(())
    with ThreadPoolExecutor(4) as pool:
        try:
            list(pool.map(fetch, JARS))
        except (RuntimeError, OSError) as error:
            raise _unreachable(maven_url, error) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return complete


def _received(artifact: Any) -> Path:
    """Download one file; a connection that broke midway is tried again from the start."""
    for attempt in stamina.retry_context(on=OSError, attempts=3, wait_initial=0.2):
        with attempt:
            artifact.cached_path.unlink(missing_ok=True)
            path: Path = artifact.resolve()
    return path


def _unreachable(maven_url: str, error: Exception) -> Exception:
    """Say that the network failed; a failing disk stays the error it is."""
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        return error
    return BotpulseError(
        f"cannot download the broker from {_shown(maven_url)}; connect to the network for the first start, "
        "set BOTPULSE_MAVEN_URL to a mirror, or use a broker of yours with BOTPULSE_KAFKA=host:9092",
        "offline",
    )


def _maven(repository: Path, maven_url: str, progress: Progress) -> MavenContext:
    @contextmanager
    def watch(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield lambda received: progress(received, TOTAL_BYTES)

    return MavenContext(
        resolver=PythonResolver(progress_callback=watch),
        repo_cache=repository,
        local_repos=[],
        remote_repos={"central": maven_url.rstrip("/") or MAVEN_CENTRAL_URL},
    )


def _artifact(maven: MavenContext, coordinate: str) -> Any:
    group, name, version = coordinate.split(":")
    return maven.project(group, name).at_version(version).artifact()


def _shown(maven_url: str) -> str:
    return maven_url or "Maven Central"


def _file_name(coordinate: str) -> str:
    _, name, version = coordinate.split(":")
    return f"{name}-{version}.jar"


def _write_lock() -> None:
    """Resolve `ROOTS` with everything they need and write `kafka_lock.py` again."""
    lock = Path(__file__).with_name("kafka_lock.py")
    head = lock.read_text(encoding="utf-8").partition("JARS = (")[0]
    with tempfile.TemporaryDirectory() as scratch:
        maven = _maven(Path(scratch), "", lambda _received, _total: None)
        wanted = [maven.create_dependency(Coordinate.parse(root)) for root in ROOTS]
        roots, others = maven.resolver.resolve(wanted)
        rows = sorted(_row(one.artifact) for one in [*roots, *others])
    lock.write_text(f"{head}JARS = (\n{''.join(rows)})\n", encoding="utf-8")


def _row(artifact: Any) -> str:
    content = artifact.resolve().read_bytes()
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return f'    ("{coordinate}", {len(content)}, "{hashlib.sha256(content).hexdigest()}"),\n'


def _main() -> int:
    if "--lock" in sys.argv:
        _write_lock()
        return 0
    voice = Voice()
    try:
        with voice.progress("downloading the broker") as progress:
            jars(Settings(), progress)
    except BotpulseError as error:
        voice.say(f"botpulse: {error.message}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
