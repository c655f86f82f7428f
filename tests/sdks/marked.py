"""
Requests by every way in that carry marked secrets, one beside each secret's path, and a marked text that must be kept.

A mark is a word that occurs nowhere else (`Marks`), so whatever holds it has kept what stood there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from app.core.platforms import PLATFORMS, generic
from app.core.redact import secrets_of
from app.web.ingest import WAYS
from tests.web.bodies import own_body, packed
from tests.web.signing import SIGNERS

__all__ = ["Account", "Marks", "Sent", "accepted", "refused"]

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_WORDS: Final = re.compile(rb"[A-Za-z0-9]{12,}")
_FLAT: Final = ("twilio", "wechat")
"""What comes as a form or XML, where nothing nests."""


class Marks:
    """Words that occur nowhere else, and what each of them stands for."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self.secrets: dict[str, str] = {}
        self.kept: dict[str, str] = {}

    def secret(self, what: str) -> str:
        """Return a secret that nothing may keep."""
        word = self._word(f"secret {what}")
        self.secrets[word] = what

        return f"MARKER-{word}"

    def text(self, what: str) -> str:
        """Return a text that has to arrive."""
        word = self._word(f"text {what}")
        self.kept[word] = what

        return f"CONTROL-{word}"

    def key(self, text: str, what: str) -> str:
        """Make a real key a secret that nothing may keep; of several parts the last is the secret one."""
        word = re.split(r"[^A-Za-z0-9]", text)[-1]
        assert _WORDS.fullmatch(word.encode())
        self.secrets[word] = what

        return text

    def secrets_in(self, content: bytes) -> list[str]:
        """Return what of the secrets *content* holds."""
        return self._in(content, self.secrets)

    def kept_in(self, content: bytes) -> list[str]:
        """Return what of the texts *content* holds."""
        return self._in(content, self.kept)

    @staticmethod
    def _in(content: bytes, words: Mapping[str, str]) -> list[str]:
        run = b"\n".join(_WORDS.findall(content)).decode()

        return sorted(what for word, what in words.items() if word in run)

    def _word(self, what: str) -> str:
        number = int.from_bytes(hashlib.sha256(f"{self._salt} {what}".encode()).digest(), "big")

        return "".join(_LETTERS[number // 62**place % 62] for place in range(16))


class Account(NamedTuple):
    """Bots and keys to send with: `bots` are of Botmetrics' platforms, `channels` are keys of Botanalytics v2."""

    root: str
    bot: str
    key: str
    bots: dict[str, tuple[str, str]]
    channels: dict[str, str]
    hooks: dict[str, str]
    now_ms: int


class Sent(NamedTuple):
    """A request; `wanted` are the statuses that are right for it."""

    what: str
    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    wanted: tuple[int, ...] = (200,)


def accepted(marks: Marks, one: Account) -> Iterator[Sent]:
    """Yield a request for every way and platform, with a secret at every path that its table names, and more."""
    yield from _native(marks, one)
    yield from _dashbot(marks, one)
    yield from _v1(marks, one)
    yield from _v2(marks, one)
    yield from _botmetrics(marks, one)
    yield from _hooks(marks, one)
    yield from _named(marks, one)


def refused(marks: Marks, one: Account) -> Iterator[Sent]:
    """Yield requests that are refused, each with secrets wherever one may put them."""
    names = {"path:.+": "messages/slack/", "platform": "lex", "bot": one.bot, "uid": one.bot, "id": "ada", "slug": "x"}  # fmt: skip
    for way in WAYS:
        for path in way.PATHS:
            what = f"refused {way.WAY} {path}"
            key = marks.secret(f"{what} key")
            bare = _filled(path, names | {"key": key})
            query = f"?apiKey={key}&api_key={key}&access_token={key}&token={key}&type=incoming&hub.verify_token={key}"
            no_key = {"Authorization": f"Bearer {key}", "Cookie": f"session={key}"}
            yield Sent(what, "POST", bare + query, b'{"token":"%b"}' % key.encode(), no_key, (*range(400, 500), 302))  # fmt: skip
            mark = marks.secret(f"{what} body")
            for body in _spoilt(mark):
                with_key = {"Authorization": f"Bearer {one.key}", "Content-Type": "application/json"}
                target = f"{bare.replace(key, one.key)}?apiKey={one.key}&type=incoming&platform=slack"
                yield Sent(what, "POST", target, body, with_key, (*range(200, 500),))
            yield Sent(what, "DELETE", bare + query, b"", no_key, tuple(range(400, 500)))
    yield from _unsigned(marks, one)


def _filled(path: str, names: dict[str, str]) -> str:
    return re.sub(r"\{([^}]+)\}", lambda name: names[name[1]], path)


def _spoilt(mark: str) -> list[bytes]:
    """Return bodies that are refused or understood by nobody, with *mark* in them."""
    return [
        b'{"access_token":"%b"' % mark.encode(),
        b'{"access_token":"%b","nothing":1}' % mark.encode(),
        b'"access_token=%b"' % mark.encode(),
        b'[{"access_token":"%b"}, 5]' % mark.encode(),
        b"access_token=%b" % mark.encode(),
        b'{"access_token":"%b","x":%b}' % (mark.encode(), b"[" * 200 + b"]" * 200),
        b'{"access_token":"%b\xff"}' % mark.encode(),
    ]


def _unsigned(marks: Marks, one: Account) -> Iterator[Sent]:
    for platform in SIGNERS:
        what = f"unsigned {platform}"
        key = marks.secret(what)
        body = packed(platform, own_body(platform, "U", "x", one.now_ms)).replace(b"x", key.encode(), 1)
        headers = {"Authorization": f"Bearer {key}", "X-Telegram-Bot-Api-Secret-Token": key}
        yield Sent(what, "POST", f"/hooks/{platform}/{one.bot}", body, headers, (401, 503))
        yield Sent(what, "POST", f"/hooks/{platform}/{one.bot}/{key}", body, headers, (401, 503))


def _native(marks: Marks, one: Account) -> Iterator[Sent]:
    attributes = _planted({}, "native", "generic", marks)
    body = {"user": marks.text("native user"), "text": marks.text("native"), "attributes": attributes}
    yield Sent("native", "POST", "/v1/events", _json(body), {"Authorization": f"Bearer {one.key}"})


def _dashbot(marks: Marks, one: Account) -> Iterator[Sent]:
    for platform in PLATFORMS:
        what = f"dashbot {platform}"
        body = _reported(platform, marks.text(f"{what} user"), marks.text(what), one.now_ms)
        yield _track(one, platform, "incoming", _planted(body, "dashbot", platform, marks))


def _reported(platform: str, user: str, text: str, now_ms: int) -> dict[str, Any]:
    """Return what Dashbot's SDKs make of a platform's message."""
    reported = PLATFORMS[platform].reported
    if generic.read in (reported, PLATFORMS[platform].read):
        return {"text": text, "userId": user, "platformJson": {"kept": 1}}
    own = own_body(platform, user, text, now_ms)
    wrapped: dict[str, dict[str, Any]] = {
        "slack": {"team": {"id": "T1"}, "bot": {"id": "B"}, "message": own.get("event")},
        "alexa": {"event": own},
        "google": {"request_body": own},
        "kik": {"username": "b", "message": own.get("messages", [None])[0]},
    }

    return wrapped.get(platform, own)


def _v1(marks: Marks, one: Account) -> Iterator[Sent]:
    for path, platform, body in _v1_bodies(marks, one.now_ms):
        headers = {"Authorization": f"Token {one.key}"}
        yield Sent(f"v1 {path}", "POST", path, _json(_planted(body, "botanalytics-v1", platform, marks, path)), headers)  # fmt: skip


def _v1_bodies(marks: Marks, now_ms: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    def own(platform: str) -> dict[str, Any]:
        return own_body(platform, marks.text(f"v1 {platform} user"), marks.text(f"v1 {platform}"), now_ms)

    user, text = marks.text("v1 generic user"), marks.text("v1 generic")
    yield "/v1/messages/generic/", "generic", {"is_sender_bot": False, "user": {"id": user, "name": "A"}, "message": {"text": text, "timestamp": now_ms}}  # fmt: skip
    yield "/v1/messages/facebook-messenger/", "facebook", {"recipient": None, "timestamp": now_ms, "message": own("facebook")}  # fmt: skip
    yield "/v1/messages/google-assistant/", "google", {"request": own("google"), "response": {}}
    yield "/v1/messages/amazon-alexa/", "alexa", {"request": own("alexa")}
    yield "/v1/messages/amazon-lex/", "lex", {"user_id": marks.text("v1 lex user"), "user_content": marks.text("v1 lex"), "bot_content": "ok", "user_request_type": "text", "bot_response_type": "text", "request": {"id": "1"}}  # fmt: skip
    yield "/v1/messages/slack/event/", "slack", own("slack")
    for path, name in (("kik", "kik"), ("line", "line")):
        yield f"/v1/messages/{path}/", name, own(name)
    viber = own("viber")
    yield "/v1/messages/viber/", "viber", {"message": viber | {"text": viber["message"]["text"]}}
    for path, name in (("messages/wechat", "wechat"), ("twilio/sms/messages", "twilio")):
        yield f"/v1/{path}/", name, {"is_sender_bot": False, "message": own(name)}
    for path, name in (
        ("microsoft-bot-framework", "microsoft"),
        ("watson-assistant", "watson"),
        ("rasa", "rasa"),
    ):
        yield f"/v1/{path}/messages/", name, own(name)
    yield "/v1/messages/rbm/", "rbm", {"message": {"data_decoded": own("rbm")}}
    yield (
        "/v1/platform/users/",
        "",
        {"id": marks.text("v1 profile user"), "full_name": marks.text("v1 profile")},
    )
    yield "/v1/bots/me", "", {"webhook_url": "https://b.example/pause"}
    yield "/v1/bots/slack/initialize/", "slack", {"ok": True, "self": {"id": "S0"}, "team": {"id": "T1"}, "users": [], "channels": [], "groups": [], "mpims": [], "ims": [], "bots": []}  # fmt: skip


def _v2(marks: Marks, one: Account) -> Iterator[Sent]:
    for channel, key in one.channels.items():
        what = f"v2 {channel}"
        user, text = marks.text(f"{what} user"), marks.text(what)
        platform, body = _v2_body(channel, user, text, one.now_ms)
        whole = {"messages": [{"message": _planted(body, "botanalytics-v2", platform, marks)}]}
        yield Sent(what, "POST", "/v2/messages", _json(whole), {"Authorization": f"Bearer {key}"})


def _v2_body(channel: str, user: str, text: str, now_ms: int) -> tuple[str, dict[str, Any]]:
    said = {
        "timestamp": now_ms,
        "sender": {"id": user, "type": "user"},
        "content": {"texts": [{"text": text}]},
    }
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "universal": ("universal", {"id": text, "message": said}),
        "samsung-bixby": ("bixby", {"timestamp": now_ms, "action": text, "inputs": {}, "$vivContext": {"bixbyUserId": user, "sessionId": "s"}}),
        "facebook-messenger": ("facebook", own_body("facebook", user, text, now_ms)["entry"][0]),
        "amazon-alexa": ("alexa", own_body("alexa", user, text, now_ms)),
        "microsoft-bot-framework": ("microsoft", {"timestamp": now_ms, "activity": own_body("microsoft", user, text, now_ms)}),
        "rasa": ("rasa", own_body("rasa", user, text, now_ms)),
    }  # fmt: skip

    return bodies[channel]


def _botmetrics(marks: Marks, one: Account) -> Iterator[Sent]:
    for platform, (bot, key) in one.bots.items():
        what = f"botmetrics {platform}"
        body = own_body(platform, marks.text(f"{what} user"), marks.text(what), one.now_ms)
        event: Any = body["messages"][0] if platform == "kik" else body
        event = _planted(event, "botmetrics", platform, marks)
        whole = json.dumps([event] if platform == "kik" else event)
        headers = {"Authorization": key}
        yield Sent(what, "POST", f"/bots/{bot}/events", _json({"event": whole}), headers, (202,))
        path = f"/bots/{bot}/instances"
        for how in ("JSON", "form", "query"):
            token = marks.secret(f"{what} instance {how}")
            asked = {"instance[token]": token, "instance[uid]": "B", "api_key": key}
            body_of = {
                "JSON": _json({"instance": {"token": token}}),
                "form": urlencode(asked).encode(),
            }
            target = path if how != "query" else f"{path}?{urlencode(asked)}"
            yield Sent(what, "POST", target, body_of.get(how, b""), headers, (201,))
        message = {
            "message": {"team_id": "T", "user": "U", "text": "x", "token": marks.secret(f"{what} send")}
        }
        yield Sent(what, "POST", f"/bots/{bot}/messages", _json(message), headers, (404,))


def _hooks(marks: Marks, one: Account) -> Iterator[Sent]:
    for platform, secret in one.hooks.items():
        what = f"webhook {platform}"
        body = own_body(platform, marks.text(f"{what} user"), marks.text(what), one.now_ms)
        yield _signed(one, platform, secret, what, _hook_bytes(platform, body, marks))
        if platform in ("line", "kik", "viber"):
            # what no reader understands becomes a dead letter
            strange = _planted(
                {"nothing": marks.text(f"{what} dead letter")}, "webhook", platform, marks, "dead"
            )
            yield _signed(one, platform, secret, what, _json(strange))
    command = {"command": "/x", "user_id": marks.text("slack command user"), "team_id": "T1", "channel_id": "C1", "text": marks.text("slack command"), "token": marks.secret("slack command token"), "response_url": marks.secret("slack command response_url")}  # fmt: skip
    click = {"type": "block_actions", "user": {"id": marks.text("slack click user")}, "team": {"id": "T1"}, "actions": [{"type": "button", "action_id": "a", "value": marks.text("slack click"), "action_ts": "1700000000.1"}], "token": marks.secret("slack click token"), "response_url": marks.secret("slack click response_url")}  # fmt: skip
    for form in (urlencode(command), urlencode({"payload": json.dumps(click)})):
        yield _signed(one, "slack", one.hooks["slack"], "slack form", form.encode())
    for platform in ("google", "lex", "rasa", "watson"):
        what = f"webhook {platform}"
        body = own_body(platform, marks.text(f"{what} user"), marks.text(what), one.now_ms)
        data = packed(platform, _planted(body, "webhook", platform, marks))
        yield Sent(what, "POST", f"/hooks/{platform}/{one.bot}/{one.key}", data, {})


def _hook_bytes(platform: str, body: dict[str, Any], marks: Marks) -> bytes:
    if platform != "rbm":
        return packed(platform, _planted(body, "webhook", platform, marks))
    data = base64.b64encode(_json(body)).decode()

    return _json(_planted({"message": {"data": data}}, "webhook", "rbm", marks))


def _signed(one: Account, platform: str, secret: str, what: str, body: bytes) -> Sent:
    path = f"/hooks/{platform}/{one.bot}"
    request = SIGNERS[platform].sign(body, secret, one.root + path, one.now_ms)
    query = f"?{request.query}" if request.query else ""
    headers = request.headers | {"Content-Type": "application/octet-stream"}

    return Sent(what, "POST", path + query, request.body, headers)


def _named(marks: Marks, one: Account) -> Iterator[Sent]:
    """Yield what real clients send: secrets where they stand in their bodies, not where a table says they might."""
    m = marks.secret
    sent = {
        "uri": f"https://graph.facebook.com/v2.6/me/messages?access_token={m('uri')}&x=1", "url": f"https://g/?x=1&access_token={m('url')}",
        "qs": {"access_token": m("qs")}, "headers": {"Authorization": f"Bearer {m('header')}"}, "method": "POST",
        "json": {"recipient": {"id": "U"}, "message": {"text": marks.text("page token")}, "access_token": m("json")},
        "responseBody": json.dumps({"message_id": "mid", "access_token": m("response text")}),
    }  # fmt: skip
    yield _track(one, "facebook", "outgoing", sent)
    kit = {"team": {"id": "T1", "bot": {"id": "B", "token": m("botkit team token")}}, "bot": {"id": "B", "token": m("botkit bot token")}, "token": m("botkit token"), "message": {"type": "message", "channel": "C2", "user": "U", "text": marks.text("botkit"), "ts": "1700000000.2"}}  # fmt: skip
    yield _track(one, "slack", "incoming", kit)
    hello = {"team": {"id": "T1"}, "bot": {"id": "B"}, "message": {"type": "reconnect_url", "url": f"wss://{m('reconnect')}"}}  # fmt: skip
    yield _track(one, "slack", "incoming", hello)
    connect = {"ok": True, "self": {"id": "S"}, "team": {"id": "T1"}, "users": [], "ims": [], "url": f"wss://{m('connect')}"}  # fmt: skip
    yield _track(one, "slack", "connect", connect)
    yield _track(one, "kik", "incoming", {"apiKey": m("kik"), "username": "b", "message": {"type": "text", "body": marks.text("kik key"), "from": "U", "id": "kk", "chatId": "c"}})  # fmt: skip
    for platform in ("facebook", "kik", "slack", "generic"):
        what = f"old microsoft {platform}"
        session = {
            "text": marks.text(what),
            "user": {"id": "U"},
            "address": {"id": what, "conversation": {"id": "c"}, "user": {"id": "U"}},
        }
        yield _track(one, platform, "incoming", {"is_microsoft": True, "dashbot_timestamp": one.now_ms, "json": session, "token": m(what)})  # fmt: skip
    alexa = own_body("alexa", "U", marks.text("alexa tokens"), one.now_ms)
    alexa["context"]["System"] |= {"apiAccessToken": m("alexa api")}
    alexa["session"]["user"] |= {
        "accessToken": m("alexa user"),
        "permissions": {"consentToken": m("alexa consent")},
    }
    yield _track(
        one,
        "alexa",
        "incoming",
        {"event": alexa, "context": {"System": {"apiAccessToken": m("alexa beside")}}},
    )
    raw = {name: m(f"platformJson {name}") for name in ("token", "apiKey", "auth_token", "replyToken", "access_token", "response_url", "apiAccessToken", "fb_token")}  # fmt: skip
    yield _track(
        one, "universal", "incoming", {"text": marks.text("platformJson"), "userId": "U", "platformJson": raw}
    )
    yield _track(one, "unheard-of", "incoming", {"text": marks.text("unknown platform"), "userId": "U", "platformJson": {"token": m("unknown platform")}})  # fmt: skip
    headers = {"Authorization": f"Token {one.key}"}
    v1: dict[str, dict[str, Any]] = {
        "/v1/messages/facebook-messenger/": {"recipient": "U", "timestamp": one.now_ms, "message": {"text": marks.text("fb_token")}, "fb_token": m("fb_token")},
        "/v1/messages/slack/": {"message": {"type": "message", "channel": "C", "user": "U", "text": marks.text("v1 slack"), "ts": "1700000000.4", "token": m("v1 slack")}},
        "/v1/messages/slack/interactive/": {"type": "interactive_message", "actions": [{"name": "ok", "value": marks.text("v1 click"), "type": "button"}], "callback_id": "c", "team": {"id": "T1"}, "channel": {"id": "C"}, "user": {"id": "U"}, "action_ts": "1700000000.5", "message_ts": "1", "token": m("v1 click"), "response_url": f"https://hooks.slack.com/{m('v1 response')}"},
        "/v1/bots/slack/initialize/": {"ok": True, "self": {"id": "S"}, "team": {"id": "T1"}, "ims": [], "users": [], "url": f"wss://{m('v1 connect')}"},
        "/v1/messages/viber/": {"message": {"sender": {"id": "U"}, "message": {"type": "text", "text": marks.text("v1 viber token")}, "timestamp": one.now_ms, "message_token": 5, "auth_token": m("v1 viber")}},
        "/api/v1/bots/me/": {"platform_token": m("platform_token"), "webhook_url": "https://b.example"},
    }  # fmt: skip
    for path, body in v1.items():
        yield Sent(f"v1 {path}", "POST", path, _json(body), headers)
    signed_in = {"messages": [{"message": {"id": "s", "message": {"timestamp": one.now_ms, "sender": {"id": "U", "type": "user"}, "event": {"authentication_succeeded": {"type": "oauth", "token": m("v2 signed in")}}}}}]}  # fmt: skip
    yield Sent("v2 signed in", "POST", "/v2/messages", _json(signed_in), {"Authorization": f"Bearer {one.channels['universal']}"})  # fmt: skip


def _track(one: Account, platform: str, type: str, body: dict[str, Any]) -> Sent:
    path = f"/track?platform={platform}&type={type}&v=12.1.0-npm&apiKey={one.key}"

    return Sent(f"dashbot {platform}", "POST", path, _json(body), {})


def _planted(body: dict[str, Any], way: str, platform: str, marks: Marks, more: str = "") -> dict[str, Any]:
    """Return *body* with a secret at each path of the table: at the root, and deep where it may be anywhere."""
    whole: dict[str, Any] = json.loads(json.dumps(body))
    for pattern in secrets_of(way, platform):
        what = f"{way} {platform} {more} {pattern}"
        names = pattern.removeprefix("**.").split(".")
        if pattern.startswith("**.") or way in ("dashbot", "webhook"):
            _put(whole, [name for name in names if name != "**"], marks.secret(f"{what} at the root"))
        if pattern.startswith("**.") and platform not in _FLAT:
            deep = whole.setdefault("marked", [{}])[0].setdefault("deep", {})
            _put(deep, names, marks.secret(f"{what} deep"))
    escaped = quote(
        json.dumps({"access_token": marks.secret(f"{way} {platform} {more} in a text")}), safe='{}":, '
    )
    whole["marked_text"] = (
        f"https://x.example/?access_token={marks.secret(f'{way} {platform} {more} address')}&y={escaped}"
    )

    return whole


def _put(place: dict[str, Any], names: list[str], value: str) -> None:
    *path, last = names
    for name in path:
        found = place.setdefault(name, {})
        if not isinstance(found, dict):
            return
        place = found
    place[last] = value


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
