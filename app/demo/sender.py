"""Sends made-up events as any client would: through `POST /v1/events`, again and again until they are taken."""

from __future__ import annotations

from typing import Final

import orjson
import requests
import stamina

from app.demo.traffic import Item
from app.errors import BotpulseError

__all__ = ["Sender"]

_TIMEOUT_S: Final = 15
_MOST_AT_ONCE: Final = 500


class Sender:
    """Talks to the web process at *url* with an ingest key."""

    def __init__(self, url: str, key: str, patience_s: float | None = None) -> None:
        self._address = f"{url}/v1/events"
        self._patience_s = patience_s
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._session.headers["User-Agent"] = "botpulse-demo"

    def send(self, items: list[Item]) -> None:
        """Return when all of *items* are taken. Every item has an id, so sending one twice does no harm."""
        for n in range(0, len(items), _MOST_AT_ONCE):
            body = orjson.dumps(items[n : n + _MOST_AT_ONCE])
            for attempt in stamina.retry_context(
                on=(requests.RequestException, _NotNowError),
                attempts=None,
                timeout=self._patience_s,
                wait_max=2,
            ):
                with attempt:
                    self._post(body)

    def _post(self, body: bytes) -> None:
        answer = self._session.post(
            self._address, data=body, headers={"Content-Type": "application/json"}, timeout=_TIMEOUT_S
        )
        if answer.status_code in (429, 500, 502, 503, 504):
            raise _NotNowError
        if answer.status_code != requests.codes.ok:
            msg = f"{self._address} refuses the demo's events with {answer.status_code}: {answer.text[:200]}"
            raise BotpulseError(msg, "refused")


class _NotNowError(Exception):
    """The web process asks to come back later."""
