"""
The platforms' own shapes. To add one: a file here that ends in a `Platform`, and an entry below.

Keyed by what `Delivery.platform` says; `canonical` turns the other names that clients use into these.
"""

from __future__ import annotations

from typing import Final

from app.core.platforms.alexa import ALEXA
from app.core.platforms.facebook import FACEBOOK
from app.core.platforms.generic import GENERIC
from app.core.platforms.google import GOOGLE
from app.core.platforms.kik import KIK
from app.core.platforms.lex import LEX
from app.core.platforms.line import LINE
from app.core.platforms.microsoft import MICROSOFT
from app.core.platforms.platform import Platform
from app.core.platforms.rasa import RASA
from app.core.platforms.rbm import RBM
from app.core.platforms.slack import SLACK
from app.core.platforms.telegram import TELEGRAM
from app.core.platforms.twilio import TWILIO
from app.core.platforms.twitter import TWITTER
from app.core.platforms.viber import VIBER
from app.core.platforms.watson import WATSON
from app.core.platforms.wechat import WECHAT
from app.core.platforms.whatsapp import WHATSAPP

__all__ = ["ALIASES", "PLATFORMS", "Platform", "canonical"]

PLATFORMS: Final[dict[str, Platform]] = {
    "facebook": FACEBOOK,
    "line": LINE,
    "twilio": TWILIO,
    "slack": SLACK,
    "telegram": TELEGRAM,
    "kik": KIK,
    "microsoft": MICROSOFT,
    "twitter": TWITTER,
    "viber": VIBER,
    "wechat": WECHAT,
    "whatsapp": WHATSAPP,
    "alexa": ALEXA,
    "google": GOOGLE,
    "lex": LEX,
    "rasa": RASA,
    "rbm": RBM,
    "watson": WATSON,
    # no shape of their own: a text and a user
    "botcopy": GENERIC,
    "generic": GENERIC,
    "recast": GENERIC,
    "skype": GENERIC,
    "sms": GENERIC,
    "universal": GENERIC,
    "webchat": GENERIC,
}

ALIASES: Final[dict[str, str]] = {
    "google-rbm": "rbm",
    "watson-assistant": "watson",
    "amazon-lex": "lex",
    "amazon-alexa": "alexa",
    "google-assistant": "google",
    "dialogflow": "google",
    "actions-on-google": "google",
    "facebook-messenger": "facebook",
    "messenger": "facebook",
    "microsoft-bot-framework": "microsoft",
    "botframework": "microsoft",
    "teams": "microsoft",
    "twilio-sms": "twilio",
    "whatsapp-cloud": "whatsapp",
    "x": "twitter",
}


def canonical(name: str) -> str:
    """Return the name under which a platform is known here; one that is not known comes back in lower case."""
    name = name.lower()

    return ALIASES.get(name, name)
