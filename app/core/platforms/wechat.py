"""
WeChat: messages and events of an official account (XML, read as JSON of its elements), and what it sends.

    {ToUserName, FromUserName, CreateTime, MsgType, ...}   with MsgType `event` and Event: something happened
    {touser, msgtype, text: {content}, ...}                a custom message, as an account sends it

Times are seconds.  A passive reply has the shape of a message; that the bot wrote it only the caller can say.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import generic
from app.core.platforms.building import add, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, flats, json_text, listed, named, number, text
from app.core.platforms.platform import Platform
from app.core.platforms.wechat_hook import NO_KEY, WECHAT_HOOK
from app.core.times import parse_at

__all__ = ["WECHAT", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a message, an event, or a message that is sent."""
    outcome = Outcome()
    type_ = text(body.get("MsgType"))
    if type_ == "event":
        add(outcome, _event(body, context), "FromUserName")
    elif type_:
        add(outcome, _message(body, context), "FromUserName")
    elif text(body.get("msgtype")):
        for user_id in _recipients(body):
            add(outcome, _custom(body, user_id, context), "touser")
    elif "Encrypt" in body:
        outcome.rejections.append(NO_KEY)
    else:
        why = "this is neither a message (`MsgType`) nor one that is sent (`msgtype`, `touser`)"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why))

    return outcome


WECHAT: Final = Platform(read, generic.read, (), WECHAT_HOOK)


def _message(body: dict[str, Any], context: Context) -> BotEvent:
    kind = _KINDS.get(text(body["MsgType"]), "unknown")
    direction: Direction = "out" if context.side == "out" else "in"
    user_id = text(body.get("ToUserName" if direction == "out" else "FromUserName"))
    event = make_event(context, kind, direction, user_id, _time(body), text(body.get("MsgId")))
    # of speech WeChat may tell what it understood
    event.text = text(body.get("Content" if kind == "text" else "Recognition"))
    event.attributes = _kept(body, _OF_A_MESSAGE)
    if "bizmsgmenuid" in body:
        event.attributes |= flat("payload", body["bizmsgmenuid"])
    address = first([body.get("PicUrl"), body.get("Url")])
    if address:
        event.attributes["attachments"] = json_text([{"type": text(body["MsgType"]), "url": address}])
    if kind == "unknown":
        event.attributes |= flats(
            {
                "type": body["MsgType"],
                "event": body.get("Event"),
            }
        )

    return event


_KINDS: Final = {
    "text": "text",
    "image": "image",
    "voice": "audio",
    "music": "audio",
    "video": "video",
    "shortvideo": "video",
    "mpvideo": "video",
    "location": "location",
    "link": "link",
    "file": "file",
    "news": "template",
    "mpnews": "template",
    "mpnewsarticle": "template",
    "msgmenu": "template",
    "wxcard": "template",
    "miniprogrampage": "template",
    "transfer_customer_service": "handover",
}

_OF_A_MESSAGE: Final = {
    "MediaId": "media_id",
    "ThumbMediaId": "thumb_media_id",
    "Format": "format",
    "Title": "title",
    "Description": "description",
    "Label": "label",
    "Location_X": "latitude",
    "Location_Y": "longitude",
}


def _event(body: dict[str, Any], context: Context) -> BotEvent:
    name = text(body.get("Event"))
    kind = _EVENTS.get(name.lower(), "system")
    direction: Direction = "in" if kind == "postback" else "none"
    at = _time(body)
    event = make_event(context, kind, direction, text(body.get("FromUserName")), at, _message_id(body))
    event.attributes = flat("event", name) | _kept(body, _OF_AN_EVENT)
    if kind == "postback":
        event.attributes |= flat("payload", body.get("EventKey"))
    if at is not None:
        # WeChat's own advice for telling repeats of events
        identify(event, at, name, text(body.get("EventKey")))

    return event


_EVENTS: Final = {
    "subscribe": "subscribe",
    "unsubscribe": "unsubscribe",
    "scan": "referral",
    "location": "location",
    "click": "postback",
    "view": "link",
    "view_miniprogram": "link",
}

_OF_AN_EVENT: Final = {
    "EventKey": "event_key",
    "Status": "status",
    "Latitude": "latitude",
    "Longitude": "longitude",
    "Precision": "precision",
    "KfAccount": "kf_account",
    "FromKfAccount": "from_kf_account",
    "ToKfAccount": "to_kf_account",
    "OrderId": "order_id",
    "OrderStatus": "order_status",
    "ProductId": "product_id",
    "FailReason": "reason",
}


def _kept(body: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    return {
        name: found for element, name in names.items() if element in body and (found := text(body[element]))
    }


def _message_id(body: dict[str, Any]) -> str:
    """Return the id of the message that an event tells of: a template message, a mass message, a subscription's."""
    message_id = text(body.get("MsgID")) or text(body.get("MsgId"))
    if message_id or "SubscribeMsgSentEvent" not in body:
        return message_id
    sent = named(body["SubscribeMsgSentEvent"]).get("List")
    if isinstance(sent, list):
        sent = next(iter(sent), None)

    return text(named(sent).get("MsgID"))


def _time(body: dict[str, Any]) -> int | None:
    given = number(body.get("CreateTime"))

    return None if given is None else parse_at(given)


def _recipients(body: dict[str, Any]) -> list[str]:
    to = body.get("touser")

    return [text(each) for each in listed(to)] or [text(to)]


def _custom(body: dict[str, Any], user_id: str, context: Context) -> BotEvent:
    name = text(body["msgtype"])
    content = named(body.get(name))
    message_id = first([body.get("msgid"), body.get("msg_id")])
    event = make_event(context, _KINDS.get(name, "unknown"), "out", user_id, _time(body), message_id)
    titles = [text(named(article).get("title")) for article in listed(content.get("articles"))]
    event.text = first([content.get("content"), content.get("head_content")]) or "\n".join(
        filter(None, titles)
    )
    event.attributes = flats(
        {
            "media_id": content.get("media_id"),
            "title": content.get("title"),
            "template": body.get("template_id"),
        }
    )

    return event
