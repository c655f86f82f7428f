"""How often one may try: failed tries by account and by address, and what is said to who tried too often."""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiohttp import web

from app.core.api_keys import hash_of
from app.web.auth.addresses import address_of
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["LINK_TRIES", "RESETS", "SIGN_INS", "Attempts", "Guard", "Try", "attach"]


@dataclass
class Attempts:
    """Failed tries of the last minutes by who tries; the least recent are forgotten when there are too many."""

    most: int = 5
    period_ms: int = 5 * 60_000
    tracked: int = 10_000
    _failed: OrderedDict[str, deque[int]] = field(default_factory=OrderedDict)

    def wait_s(self, who: str, now_ms: int) -> int:
        """Return how long *who* has to wait before the next try."""
        times = self._failed.get(who, deque())
        while times and times[0] <= now_ms - self.period_ms:
            times.popleft()
        return 0 if len(times) < self.most else (times[0] + self.period_ms - now_ms) // 1000 + 1

    def note(self, who: str, now_ms: int) -> None:
        """Remember that *who* failed."""
        self._failed.setdefault(who, deque(maxlen=self.most)).append(now_ms)
        self._failed.move_to_end(who)
        while len(self._failed) > self.tracked:
            self._failed.popitem(last=False)

    def take_back(self, who: str, at_ms: int) -> None:
        """Forget the try of *who* that was noted at *at_ms*: it did not fail."""
        with suppress(KeyError, ValueError):
            self._failed[who].remove(at_ms)


class Try(NamedTuple):
    """A try that counts until it is known that it did not fail."""

    account: str
    address: str
    at_ms: int


class Guard:
    """Counts tries by account, and less strictly by the address they come from."""

    def __init__(self, of_account: int = 5, of_address: int = 20) -> None:
        self._by_account = Attempts(most=of_account)
        self._by_address = Attempts(most=of_address)

    def check(self, request: web.Request, account: str) -> None:
        """Refuse whoever tried too often."""
        one = _try_of(request, account)
        wait_s = max(
            self._by_account.wait_s(one.account, one.at_ms), self._by_address.wait_s(one.address, one.at_ms)
        )
        if wait_s:
            message = f"Too many tries; wait {wait_s} s."
            raise Fault(429, "too_many_tries", message, {"Retry-After": str(wait_s)})

    def note(self, request: web.Request, account: str) -> Try:
        """Count a try; before anything is awaited, as others come meanwhile."""
        one = _try_of(request, account)
        if account:
            self._by_account.note(one.account, one.at_ms)
        self._by_address.note(one.address, one.at_ms)
        return one

    def take_back(self, one: Try) -> None:
        """Count a try no more."""
        self._by_account.take_back(one.account, one.at_ms)
        self._by_address.take_back(one.address, one.at_ms)


SIGN_INS: Final = web.AppKey("sign_ins", Guard)
RESETS: Final = web.AppKey("resets", Guard)
LINK_TRIES: Final = web.AppKey("link_tries", Guard)


def attach(app: web.Application) -> None:
    """Give *app* its counts."""
    app[SIGN_INS] = Guard()
    app[RESETS] = Guard(of_account=3)
    app[LINK_TRIES] = Guard()


def _try_of(request: web.Request, account: str) -> Try:
    """Return a try; accounts by their hash, which takes no more memory for a long one."""
    return Try(hash_of(account), address_of(request), request.app[PARTS].clock())
