"""Slack's signatures, its window of time, and the requests that are no delivery."""

from __future__ import annotations

import msgspec
import pytest

from app.core.outcome import Rejection
from app.core.platforms.platform import Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, signature
from app.core.platforms.slack_hook import HOOK
from tests.core.platforms.asking import NOW_MS, asked

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
DOCUMENTED = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
BODY = b'{"type":"event_callback"}'
NOW_S = NOW_MS // 1000


def _verify(request: Request, secrets: list[str]) -> str:
    assert HOOK.verify is not None

    return HOOK.verify(request, secrets, b"")


def _signed(body: bytes, sent_at: int | str = NOW_S, secret: str = SECRET) -> Request:
    given = signature(secret, b"v0:%b:%b" % (str(sent_at).encode(), body))

    return asked(body, x_slack_signature=f"v0={given}", x_slack_request_timestamp=str(sent_at))


def test_documented_vector() -> None:
    """The example of Slack's own documentation is genuine."""
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    request = Request("POST", "", {}, headers, DOCUMENTED, 1_531_420_619_000)

    assert "" == _verify(request, [SECRET])


@pytest.mark.parametrize(
    ("request_", "secrets", "refused"),
    [
        pytest.param(_signed(BODY), [SECRET], "", id="genuine"),
        pytest.param(_signed(BODY), ["new", SECRET], "", id="one of two secrets"),
        pytest.param(_signed(BODY), ["other"], WRONG_SIGNATURE, id="wrong secret"),
        pytest.param(_signed(BODY), [], NOT_SET, id="no secret"),
        pytest.param(msgspec.structs.replace(_signed(BODY), body=BODY + b" "), [SECRET], WRONG_SIGNATURE, id="tampered"),
        pytest.param(asked(BODY), [SECRET], NO_SIGNATURE, id="nothing"),
        pytest.param(asked(BODY, x_slack_request_timestamp=str(NOW_S)), [SECRET], NO_SIGNATURE, id="no signature"),
        pytest.param(_signed(BODY, NOW_S - 299), [SECRET], "", id="nearly five minutes"),
    ],
)  # fmt: skip
def test_signatures(request_: Request, secrets: list[str], refused: str) -> None:
    """Only a signature over these bytes and this time, by an active secret, is genuine."""
    assert refused == _verify(request_, secrets)


@pytest.mark.parametrize("sent_at", [NOW_S - 301, NOW_S + 302, "soon", "1e9", "", "-5", "٣٣٣", "9" * 5000])
def test_times(sent_at: int | str) -> None:
    """An old request, one of the future, or one whose time is no number is refused, however well it is signed."""
    assert _verify(_signed(BODY, sent_at), [SECRET])


def test_challenge() -> None:
    """A new address is answered with the challenge, if the request is signed."""
    body = b'{"type":"url_verification","token":"x","challenge":"c1"}'
    answer = HOOK.handshake(_signed(body), [SECRET])

    assert answer is not None
    assert (b"c1", "text/plain") == (answer.body, answer.content_type)
    assert HOOK.handshake(asked(body), [SECRET]) is None
    assert HOOK.handshake(_signed(body), []) is None


def test_certificate_check() -> None:
    """Slack's check of a command's address is answered and is no command."""
    assert HOOK.handshake(_signed(b"ssl_check=1&token=x"), [SECRET]) is not None
    assert HOOK.handshake(_signed(b"command=%2Fx&text=ssl_check"), [SECRET]) is None


@pytest.mark.parametrize("body", [b'{"challenge":', b'["challenge"]', b"challenge", b'{"a":"challenge"}'])
def test_deliveries_are_no_handshake(body: bytes) -> None:
    """The word alone makes no handshake."""
    assert HOOK.handshake(_signed(body), [SECRET]) is None


def test_unpacking() -> None:
    """Commands are forms, buttons a form with JSON in it, events JSON."""
    button = HOOK.unpack(b"payload=%7B%22type%22%3A%22block_actions%22%7D")
    command = HOOK.unpack(DOCUMENTED)

    assert BODY == HOOK.unpack(BODY)
    assert b'{"type":"block_actions"}' == button
    assert not isinstance(command, Rejection)
    assert "/webhook-collect" == msgspec.json.decode(command)["command"]


def test_users_see_nothing() -> None:
    """Slack shows a body to the user who gave a command: there is none."""
    assert (200, b"") == (HOOK.answer.status, HOOK.answer.body)
