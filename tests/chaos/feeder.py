"""A client under load: sends events without ids, never repeats a request, and remembers what was answered."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from urllib.parse import urlsplit

__all__ = ["Feeder"]

_USERS = 500
_BATCH = 25


class Feeder:
    """
    Sends batches of events from several threads until `stop`.

    Each event has a text of its own, `accepted` once its request was answered with 200, else `unanswered`.
    """

    def __init__(self, url: str, key: str, threads: int = 4) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.accepted: set[str] = set()
        self.unanswered: set[str] = set()
        self._threads = [threading.Thread(target=self._feed, args=(n,)) for n in range(threads)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; every request is answered or given up."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _feed(self, number: int) -> None:
        rng = random.Random(number)
        sequence = 0
        connection = http.client.HTTPConnection(*self._address, timeout=30)
        while not self._stopping.is_set():
            texts = [f"t{number}-{sequence + i}" for i in range(_BATCH)]
            sequence += _BATCH
            events = [
                {"user": f"u{rng.randrange(_USERS)}", "text": text, "direction": rng.choice(["in", "out"])}
                for text in texts
            ]
            try:
                connection.request("POST", "/v1/events", json.dumps(events), self._headers)
                answer = connection.getresponse()
                answer.read()
                is_accepted = answer.status == 200
            except (OSError, http.client.HTTPException):
                is_accepted = False
                connection.close()
            with self._lock:
                (self.accepted if is_accepted else self.unanswered).update(texts)
            if not is_accepted:
                time.sleep(0.05)  # a client backs off; not a wait for anything
